type Row = Readonly<Record<string, unknown>>;

const unsupported = (text: string): Error => new Error(`This part of a query is not supported: ${text}`);

function condition(text: string): (row: Row) => boolean {
  const present = /^ispresent\((\w+)\)$/.exec(text)?.[1];
  if (present !== undefined) return (row) => row[present] !== undefined;
  const [, field = '', operator, value = ''] = /^(\w+) (=|in|like) (.+)$/.exec(text) ?? [];
  if (operator === '=') return (row) => row[field] === JSON.parse(value);
  if (operator === 'like') return (row) => String(row[field]).includes(JSON.parse(value));
  if (operator === 'in') return (row) => JSON.parse(value).includes(row[field]);
  throw unsupported(text);
}

/** An aggregation over the rows of a group, such as `count(*) as requests`. */
function aggregate(text: string): readonly [name: string, of: (rows: readonly Row[]) => unknown] {
  const [, call, argument = '', name = ''] = /^(\w+)\((.*)\) as (\w+)$/.exec(text) ?? [];
  if (call === 'count') return [name, (rows) => rows.length];
  if (call === 'latest') return [name, (rows) => rows.findLast((row) => row[argument] !== undefined)?.[argument]];
  const [, field = '', part = ''] = /^strcontains\((\w+), "([^"]+)"\)$/.exec(argument) ?? [];
  if (call === 'sum' && field !== '')
    return [name, (rows) => rows.filter((row) => String(row[field]).includes(part)).length];
  throw unsupported(text);
}

function column(text: string): readonly [name: string, of: (row: Row) => unknown] {
  const [, list, name = ''] = /^coalesce\(([\w, ]+)\) as (\w+)$/.exec(text) ?? [];
  if (list !== undefined) {
    return [name, (row) => row[list.split(', ').find((field) => row[field] !== undefined) ?? '']];
  }
  const field = text.replaceAll('`', '');
  return [field, (row) => row[field]];
}

const compare = (one: unknown, other: unknown): number =>
  String(one).localeCompare(String(other), 'en', { numeric: true });

const splitOutside = (text: string): string[] => text.split(/, (?![^()]*\))/);

/** The part of CloudWatch Logs Insights that the dashboard uses: filter, fields, stats … by, sort, limit. */
export function askLog(query: string, lines: readonly Row[]): { readonly columns: string[]; readonly rows: Row[] } {
  let rows = [...lines];
  let columns: string[] = [];
  for (const command of query.split(/\s*\|\s*/)) {
    const [, verb, rest = ''] = /^(\w+) (.+)$/s.exec(command) ?? [];
    if (verb === 'SOURCE') continue;
    if (verb === 'filter') {
      const all = rest.split(' and ').map(condition);
      rows = rows.filter((row) => all.every((holds) => holds(row)));
    } else if (verb === 'fields') {
      const named = splitOutside(rest).map(column);
      columns = named.map(([name]) => name);
      rows = rows.map((row) => Object.fromEntries(named.map(([name, of]) => [name, of(row)])));
    } else if (verb === 'stats') {
      const [what = '', by = ''] = rest.split(' by ');
      const named = splitOutside(what).map(aggregate);
      const groups = Map.groupBy(rows, (row) => row[by]);
      columns = [by, ...named.map(([name]) => name)];
      rows = [...groups].map(([key, group]) => ({
        [by]: key,
        ...Object.fromEntries(named.map(([name, of]) => [name, of(group)])),
      }));
    } else if (verb === 'sort') {
      const orders = rest.split(', ').map((one) => one.split(' '));
      rows.sort((one, other) =>
        orders.reduce(
          (found, [field = '', order]) => found || compare(one[field], other[field]) * (order === 'desc' ? -1 : 1),
          0,
        ),
      );
    } else if (verb === 'limit') rows = rows.slice(0, Number(rest));
    else throw unsupported(command);
  }
  return { columns, rows };
}
