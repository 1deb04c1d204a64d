/** The page that asks a browser for the token. `next` is where it wanted to go; both texts are escaped here. */
export function loginPage({ next, problem }: { readonly next: string; readonly problem: string | null }): string {
  const said = problem === null ? '' : `<p role="alert">${escapeHtml(problem)}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Everwarm console: sign in</title>
<style>
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: #151a21; color: #dfe5ec; font: 16px/1.5 system-ui, sans-serif; }
  form { display: grid; gap: 0.75rem; width: min(22rem, 90vw); }
  h1 { margin: 0; font-size: 1.25rem; }
  p { margin: 0; color: #8b96a5; }
  [role=alert] { color: #ff9a8b; }
  input, button { padding: 0.6rem 0.75rem; border: 1px solid #3a4452; border-radius: 0.4rem; background: #1d242d; color: inherit; font: inherit; }
  button { background: #2f6fed; border-color: #2f6fed; cursor: pointer; }
</style>
</head>
<body>
<form method="post" action="/login">
  <h1>Everwarm console</h1>
  <p>The token is the value of EVERWARM_CONSOLE_TOKEN, printed where the console was started.</p>
  ${said}
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <input name="next" type="hidden" value="${escapeHtml(next)}">
  <button>Sign in</button>
</form>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
