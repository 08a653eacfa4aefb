import { writeFileSync } from 'node:fs';
import { alarmStates } from './alarm-states.ts';
import { demoChannels, demoLoad, periods } from './demo-load.ts';
import { drawDashboard } from './draw-dashboard.ts';
import { awsData, emfData } from './emf-data.ts';
import { readDashboard } from './read-dashboard.ts';
import { synthDashboard } from './synth-dashboard.ts';

// Draws docs/dashboard.svg: the stack's dashboard with the data of half a day, simulated by a local run.
const service = 'local';
const begin = Date.parse('2026-01-01T08:00:00Z');
const window = { begin, end: begin + periods * 300_000 };

const { body, alarms } = synthDashboard({ stackName: service, metricChannels: demoChannels.join() });
const named = body.replaceAll(/<ServeFunction\w+>/g, '<Serve>').replaceAll(/<PublishFunction\w+>/g, '<Publish>');
const lines = await demoLoad(begin);
const data = [
  ...lines.flatMap((line) => emfData(line).map((datum) => ({ ...datum, time: line.time }))),
  ...awsData(lines),
];

const picture = drawDashboard({
  title: `${service}: 1 January 2026, half a day`,
  widgets: readDashboard(named),
  data,
  lines: lines.map(({ time, ...line }) => ({ ...line, '@timestamp': new Date(time).toISOString().slice(11, 16) })),
  alarms: new Map(
    [...alarms].map(([id, properties]) => [
      `<${id}.Arn>`,
      {
        name: /"(\w+)"\.$/.exec(properties.AlarmDescription)?.[1] ?? id,
        alarming: alarmStates(properties, data, window).at(-1) ?? false,
      },
    ]),
  ),
  window,
});
writeFileSync(new URL('../../docs/dashboard.svg', import.meta.url), picture);
