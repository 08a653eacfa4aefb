import { requestTable, standingTable, transferTable } from './cost-table.ts';

/** The tables of docs/cost.md, after prices or what is assumed have changed. */
console.log([requestTable(), transferTable(), standingTable()].join('\n\n'));
