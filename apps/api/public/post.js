// A post that stays as it is in the database: the document comes once as an event, and then each newer version of it.

const id = location.pathname.split('/').at(-1);
const part = (name) => document.getElementById(name);

const live = new EventSource(`/posts/${id}/live`);
live.addEventListener('open', () => say('live'));
// The browser connects again by itself, and says which version it saw last.
live.addEventListener('error', () => say('connecting'));
live.addEventListener('message', ({ data }) => show(JSON.parse(data)));
live.addEventListener('gone', () => say('gone'));

function say(state) {
  part('state').textContent = state;
  part('state').className = state;
}

// Texts are set as texts: what members wrote is never HTML here.
function show({ title, body, author, publishedAt, comments, commentCount }) {
  document.title = title;
  part('title').textContent = title;
  part('byline').dataset.words = `${author.name}, ${new Date(publishedAt).toLocaleString()}`;
  showByline();
  part('body').textContent = body;
  part('count').textContent = commentCount === 1 ? '1 comment' : `${commentCount} comments`;
  part('comments').replaceChildren(...comments.map(commentItem));
}

function commentItem({ author, body, createdAt }) {
  const item = document.createElement('li');
  item.append(line('who', `${author.name}, ${new Date(createdAt).toLocaleString()}`), line('words', body));
  return item;
}

function line(kind, text) {
  const paragraph = document.createElement('p');
  paragraph.className = kind;
  paragraph.textContent = text;
  return paragraph;
}

// The views are a document of their own. They are asked for now and then, so that a window keeps one connection open and not two.
async function showViews() {
  const response = await fetch(`/posts/${id}/reach`).catch(() => null);
  if (response?.ok) part('byline').dataset.views = (await response.json()).viewCount;
  showByline();
  setTimeout(showViews, 3000);
}

function showByline() {
  const { words = '', views } = part('byline').dataset;
  part('byline').textContent = views === undefined ? words : `${words}, ${views} views`;
}

async function send(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

async function comment() {
  part('problem').textContent = '';
  try {
    const { id: commentId } = await send(`/posts/${id}/comments`, { authorId: part('member').valueAsNumber, body: part('words').value });
    // Where there are moderators, this is theirs to do. The comment is not put on the page here: it comes as an event, as to everybody.
    await send(`/comments/${commentId}/moderation`, { status: 'approved' });
    part('words').value = '';
  } catch (error) {
    part('problem').textContent = error.message;
  }
}

part('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void comment();
});

await fetch(`/posts/${id}/views`, { method: 'POST' }).catch(() => null);
await showViews();
