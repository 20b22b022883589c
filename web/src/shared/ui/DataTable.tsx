import { Table } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';

interface Numbers {
  right: string;
}

/** A table that scrolls sideways before it is squeezed. `columns`: what stands above each; nothing above buttons. */
export function DataTable(props: {
  label: string;
  columns: readonly (string | Numbers)[];
  /** `cards`: on a phone each row is one; `tops`: rows of several lines; `dense`: no line breaks. */
  className?: string;
  highlightOnHover?: boolean;
  verticalSpacing?: 'sm';
  children: ReactNode;
}) {
  const { label, columns, children, ...look } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  // What scrolls is reached by keyboard, too.
  const reached = scrolls ? { tabIndex: 0, role: 'region', 'aria-label': label } : {};
  return (
    <div ref={scroller} className="table-scroll" {...reached}>
      <Table aria-label={label} {...look}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column, at) =>
              typeof column === 'string' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <Table.Th key={at}>{column || null}</Table.Th>
              ) : (
                <Table.Th key={column.right} ta="right">
                  {column.right}
                </Table.Th>
              ),
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
