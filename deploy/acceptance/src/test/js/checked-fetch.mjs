// Holds every answer and every event that passes through it against API documents: the one the server itself serves, and
// OpenAI's own when BITFLEET_OPENAI_DOCUMENT names a copy of it (JSON).
import Ajv2020 from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';

// What each event of a stream is; documents describe a stream as a whole only.
const EVENTS = {
  ours: {
    '/v1/chat/completions': 'ChatCompletionChunk',
    '/api/v1/chat/completions': 'ChatCompletionChunk',
    '/v1/conversations/{conversation}/chat': 'ChatCompletionChunk',
    '/v1/completions': 'Completion',
    '/v1/responses': 'ResponseStreamEvent',
    '/v1/responses/{response}': 'ResponseStreamEvent',
  },
  openai: {
    '/chat/completions': 'CreateChatCompletionStreamResponse',
    '/completions': 'CreateCompletionResponse',
    '/responses': 'ResponseStreamEvent',
    '/responses/{response_id}': 'ResponseStreamEvent',
  },
};

// Where OpenAI's document says less than OpenAI's servers send, or than its own clients' types have.
const KNOWN = [
  /"instancePath":"\/choices\/\d+\/finish_reason".*"must be string"/, // null until a choice has ended
  /\/token_logprobs\/\d+".*"must be number"/, // null for the first token of an echoed prompt
  /"instancePath":"(\/response)?\/usage".*ResponseUsage/, // null until a response has ended
  /"instancePath":"\/data\/\d+\/role".*"allowedValues":\["assistant"\]/, // stored messages are everybody's
];

class Document {
  constructor(name, tree, prefix) {
    this.name = name;
    this.tree = tree;
    this.prefix = prefix;
    this.ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, logger: false });
    this.ajv.addSchema({ $id: name, components: withoutNullable(tree.components) });
    this.compiled = new Map();
    this.templates = Object.keys(tree.paths).sort((a, b) => a.split('{').length - b.split('{').length);
  }

  template(path) {
    if (!path.startsWith(this.prefix)) return undefined;
    const asked = path.slice(this.prefix.length);
    return this.templates.find((template) =>
      new RegExp(`^${template.replace(/[.+*?()|\\[\]]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`).test(asked));
  }

  /** What is wrong with a value; undefined when nothing is, or nothing is known. */
  fault(value, pointer) {
    if (value.type !== undefined && pointer.endsWith('ResponseStreamEvent')) {
      pointer = this.eventOfType(pointer, value.type);
    }
    if (!this.compiled.has(pointer)) {
      this.compiled.set(pointer, this.ajv.compile({ $ref: `${this.name}#${pointer}` }));
    }
    const validate = this.compiled.get(pointer);
    return validate(value) ? undefined : JSON.stringify(validate.errors.slice(0, 3));
  }

  /** The one of the events that says it is of that type: a fault is then told in its own words. */
  eventOfType(pointer, type) {
    const { anyOf, oneOf } = this.tree.components.schemas[pointer.split('/').at(-1)];
    const found = (anyOf ?? oneOf ?? []).map(({ $ref }) => $ref).find((ref) => {
      const is = this.tree.components.schemas[ref?.split('/').at(-1)]?.properties?.type;
      return is?.const === type || is?.enum?.includes(type);
    });
    return found ? found.slice(1) : pointer;
  }

  responseFault(method, template, status, body) {
    const operation = this.tree.paths[template]?.[method.toLowerCase()];
    let response = operation?.responses?.[status];
    if (response?.$ref) {
      response = response.$ref.slice(2).split('/').reduce((node, key) => node[key], this.tree);
    }
    const schema = response?.content?.['application/json']?.schema;
    if (schema === undefined) return undefined;
    const key = `${method} ${template} ${status}`;
    if (!this.compiled.has(key)) {
      this.compiled.set(key, this.ajv.compile(inDocument(schema, this.name)));
    }
    const validate = this.compiled.get(key);
    return validate(body) ? undefined : JSON.stringify(validate.errors.slice(0, 3));
  }
}

/** A keyword of OpenAPI 3.0, left over in a document of 3.1, written as 3.1 has it. */
function withoutNullable(tree) {
  return JSON.parse(JSON.stringify(tree), (key, value) => {
    if (typeof value?.nullable !== 'boolean') return value;
    const { nullable, ...rest } = value;
    return nullable ? { anyOf: [rest, { type: 'null' }] } : rest;
  });
}

function inDocument(schema, name) {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' && value.startsWith('#') ? name + value : value);
}

const url = process.env.BITFLEET_URL;
const documents = [
  new Document('ours', await (await fetch(`${url}/openapi.json`)).json(), ''),
];
if (process.env.BITFLEET_OPENAI_DOCUMENT) {
  documents.push(new Document('openai', JSON.parse(readFileSync(process.env.BITFLEET_OPENAI_DOCUMENT, 'utf8')), '/v1'));
}

/** What did not fit, in words; tests look at it when they end. */
export const faults = [];
/** How many answers and events were looked at, by document. */
export const checked = { ours: 0, openai: 0 };

function note(document, what, fault, value) {
  checked[document.name]++;
  if (fault !== undefined && !(document.name === 'openai' && KNOWN.some((known) => known.test(fault)))) {
    faults.push(`${document.name}: ${what}: ${fault} in ${JSON.stringify(value).slice(0, 2000)}`);
  }
}

async function checkEvents(response, method, path) {
  const text = await response.text();
  for (const block of text.split('\n\n')) {
    const data = block.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)).join('\n');
    if (data === '' || data === '[DONE]') continue;
    const event = JSON.parse(data);
    if (event.error && event.type === undefined) continue;
    for (const document of documents) {
      const template = document.template(path);
      const name = EVENTS[document.name][template];
      if (name !== undefined) {
        note(document, `event of ${method} ${template}`, document.fault(event, `/components/schemas/${name}`), event);
      }
    }
  }
}

async function checkAnswer(response, method, path) {
  const body = JSON.parse(await response.text());
  for (const document of documents) {
    const template = document.template(path);
    if (template !== undefined) {
      note(document, `${method} ${template} ${response.status}`,
          document.responseFault(method, template, response.status, body), body);
    }
  }
}

const pending = [];

/** As the global fetch; the client reads one branch of the body, the check the other. */
export async function checkedFetch(input, init) {
  const response = await fetch(input, init);
  const method = (init?.method ?? input.method ?? 'GET').toUpperCase();
  const path = new URL(typeof input === 'string' ? input : input.url ?? input).pathname;
  const type = response.headers.get('content-type') ?? '';
  const check = type.startsWith('text/event-stream') ? checkEvents : type.startsWith('application/json') ? checkAnswer : undefined;
  if (check !== undefined) {
    pending.push(check(response.clone(), method, path).catch((e) => {
      // A client that leaves in the middle aborts both branches.
      if (e.name !== 'AbortError') faults.push(`${method} ${path}: ${e}`);
    }));
  }
  return response;
}

/** Waits for all checks, and fails with what they found. */
export async function settle(assert) {
  await Promise.all(pending);
  assert.deepEqual(faults, []);
  assert.ok(checked.ours > 0, 'nothing was checked');
}
