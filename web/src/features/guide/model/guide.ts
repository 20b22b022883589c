import { Lexer, type Token } from 'marked';

/** The pages of the user guide as they are in the repository, by their names. They are part of the build, so that the guide fits the app. */
const TEXTS = import.meta.glob<string>('../../../../../docs/user-guide/*.md', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const PICTURES = import.meta.glob<string>('../../../../../docs/user-guide/pictures/*.png', {
  query: '?url',
  import: 'default',
  eager: true,
});

const named = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, content]) => [path.slice(path.lastIndexOf('/') + 1), content]));
const texts = named(TEXTS);
const pictures = named(PICTURES);

const START = 'README';

/** The page with this name; `undefined` if there is none. */
export function guidePage(name: string | undefined): Token[] | undefined {
  const text = texts.get(`${name ?? START}.md`);
  return text === undefined ? undefined : new Lexer().lex(text);
}

export function pictureAddress(href: string): string | undefined {
  return pictures.get(href.slice(href.lastIndexOf('/') + 1));
}

export type Target = { page: string | undefined } | { address: string } | undefined;

/** Where a link of the guide leads: to another page of it, or to the description of the API; documents of the repository are not in the app. */
export function target(href: string): Target {
  const [path = ''] = href.split('#');
  const page = /^([\w-]+)\.md$/.exec(path)?.[1];
  if (page !== undefined) return texts.has(path) ? { page: page === START ? undefined : page } : undefined;
  return path === '../api.md' ? { address: '/docs' } : undefined;
}
