import { Anchor, Code, List, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Token, Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';
import { useText } from '@/shared/i18n/useText';
import { Notice } from '@/shared/ui/StateView';
import { guidePage, pictureAddress, target } from '../model/guide';

/** A page of the user guide. */
export function GuideView(props: { page: string | undefined }) {
  const { t } = useText();
  const tokens = guidePage(props.page);
  if (!tokens) return <Notice title={t('missing.title')}>{t('missing.text')}</Notice>;
  // The guide is written in English.
  return (
    <Stack gap="md" className="guide" lang="en">
      {props.page === undefined ? null : (
        <Link to="/guide" className="link">
          {t('guide.all')}
        </Link>
      )}
      {children(tokens)}
    </Stack>
  );
}

/** Tokens have no names of their own: their place is one. */
function children(tokens: readonly Token[] | undefined): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change
  return tokens?.map((token, at) => <Fragment key={at}>{rendered(token)}</Fragment>);
}

/** Kinds of tokens that the guide does not use are shown as text. */
function rendered(token: Token): ReactNode {
  switch (token.type) {
    case 'space':
      return null;
    case 'heading':
      return <Title order={(token as Tokens.Heading).depth === 1 ? 1 : 2}>{children(token.tokens)}</Title>;
    case 'paragraph':
      // A picture is a block.
      return <Text component="div">{children(token.tokens)}</Text>;
    case 'list':
      return (
        <List type={(token as Tokens.List).ordered ? 'ordered' : 'unordered'} spacing="xs">
          {(token as Tokens.List).items.map((item) => (
            <List.Item key={item.raw}>{children(item.tokens)}</List.Item>
          ))}
        </List>
      );
    case 'table':
      return <GuideTable table={token as Tokens.Table} />;
    case 'strong':
      return <strong>{children(token.tokens)}</strong>;
    case 'em':
      return <em>{children(token.tokens)}</em>;
    case 'codespan':
      return <Code>{(token as Tokens.Codespan).text}</Code>;
    case 'image':
      return <img src={pictureAddress((token as Tokens.Image).href)} alt={(token as Tokens.Image).text} />;
    case 'link':
      return <GuideLink link={token as Tokens.Link} />;
    default:
      if ('tokens' in token && token.tokens) return children(token.tokens);
      return 'text' in token ? String(token.text) : token.raw;
  }
}

function GuideLink(props: { link: Tokens.Link }) {
  const text = children(props.link.tokens);
  const to = target(props.link.href);
  if (!to) return text;
  if ('address' in to) {
    return (
      <Anchor href={to.address} className="link">
        {text}
      </Anchor>
    );
  }
  return to.page === undefined ? (
    <Link to="/guide" className="link">
      {text}
    </Link>
  ) : (
    <Link to="/guide/$page" params={{ page: to.page }} className="link">
      {text}
    </Link>
  );
}

function GuideTable(props: { table: Tokens.Table }) {
  const { header, rows } = props.table;
  return (
    <div className="table-scroll">
      <Table withTableBorder>
        <Table.Thead>
          <Table.Tr>
            {header.map((cell) => (
              <Table.Th key={cell.text}>{children(cell.tokens)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.map((cell) => cell.text).join(' | ')}>
              {row.map((cell) => (
                <Table.Td key={cell.text}>{children(cell.tokens)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
