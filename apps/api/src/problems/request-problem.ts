import type { FastifyError } from 'fastify';
import type { FieldError, Problem } from './problem.ts';

/** Fastify's refusals before a handler runs, in the words of this API. */
const refusals: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'body_too_large', detail: 'The body is larger than 1 MiB.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, code: 'unsupported_media_type', detail: 'Send the body as application/json.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    status: 400,
    code: 'malformed_json',
    detail: 'The body is empty. Send a JSON object, or no content-type.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, code: 'malformed_json', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'bad_request', detail: 'The body is not as long as content-length says.' },
  FST_ERR_BAD_URL: { status: 400, code: 'bad_url', detail: 'The path contains a malformed % escape.' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, code: 'bad_url', detail: 'A part of the path is longer than 100 characters.' },
};

/** What the request itself did wrong: a schema it does not meet, a body or path that cannot be read. Undefined for errors that are not the request's. */
export function requestProblem(error: FastifyError): Problem | undefined {
  if (error.validation) return { status: 400, code: 'invalid', ...describeFields(error.validation, error.validationContext ?? 'request') };
  const known = refusals[error.code];
  if (known) return known;
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500 ? { status, code: 'bad_request', detail: 'The request cannot be read.' } : undefined;
}

function describeFields(issues: NonNullable<FastifyError['validation']>, part: string): Pick<Problem, 'detail' | 'errors'> {
  const errors = issues.map(
    ({ instancePath, message = 'is not valid' }): FieldError => ({ path: instancePath.slice(1).replaceAll('/', '.'), message }),
  );
  const fields = errors.map(({ path, message }) => `${path || part}: ${message}`);
  return { detail: fields.join('; '), errors };
}
