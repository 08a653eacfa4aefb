import { fixedTable, requestTable, transferTable } from './cost-table.ts';

/** Prints the tables of docs/cost.md, to be copied there after prices or assumptions have changed. */
console.log([requestTable(), transferTable(), fixedTable()].join('\n\n'));
