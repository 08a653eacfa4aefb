import { deliveryTable, fixedTable, requestTable, transferTable } from './cost-table.ts';
import { edgeTable, growthTable, stormTable } from './scale-table.ts';

/** Prints the tables of docs/cost.md and docs/scale.md, to be copied there after prices or assumptions have changed. */
console.log(
  [requestTable(), transferTable(), deliveryTable(), fixedTable(), growthTable(), stormTable(), edgeTable()].join(
    '\n\n',
  ),
);
