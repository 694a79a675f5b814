// jobs.mjs graphile N CONCURRENCY | pgboss N BATCH - trivial jobs of other queues; prints how many a second.  Connects by PGHOST and the like.
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const [queue, count, parallel] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const connectionString = `postgres://${process.env.PGUSER}@localhost/${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}`;
const seconds = async (work) => { const from = performance.now(); await work(); return (performance.now() - from) / 1000; };

async function graphile() {
	const { makeWorkerUtils, runOnce, Logger } = require('graphile-worker');
	const logger = new Logger(() => () => {});
	const utils = await makeWorkerUtils({ connectionString, logger });
	await utils.migrate();
	await utils.withPgClient((c) => c.query(`SELECT count(graphile_worker.add_job('nothing', '{}')) FROM generate_series(1, ${count})`));
	let done = 0;
	const options = { connectionString, logger, concurrency: parallel, maxPoolSize: parallel + 2, taskList: { nothing: async () => { done++; } } };
	const took = await seconds(() => runOnce(options));
	await utils.release();
	if (done !== count) throw new Error(`${done} of ${count} jobs were run`);
	return took;
}

async function pgboss() {
	const PgBoss = require('pg-boss');
	const boss = new PgBoss({ connectionString, schedule: false, supervise: false });
	await boss.start();
	await boss.createQueue('nothing');
	await boss.insert(Array.from({ length: count }, () => ({ name: 'nothing' })));
	let done = 0;
	const took = await seconds(async () => {
		for (;;) {
			const jobs = await boss.fetch('nothing', { batchSize: parallel });
			if (jobs.length === 0) return;
			await boss.complete('nothing', jobs.map((job) => job.id));
			done += jobs.length;
		}
	});
	await boss.stop({ graceful: false });
	if (done !== count) throw new Error(`${done} of ${count} jobs were run`);
	return took;
}

console.log((count / await (queue === 'graphile' ? graphile() : pgboss())).toFixed(1));
process.exit(0);
