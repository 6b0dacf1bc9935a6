-- Which types and variables grew across the pods of a release: see README.md. SET VARIABLE fleet = 'fleet/*' comes before.

CREATE OR REPLACE TEMP VIEW run AS FROM read_parquet(getvariable('fleet') || '/run.parquet', hive_partitioning = false, union_by_name = true);
CREATE OR REPLACE TEMP VIEW types AS FROM read_parquet(getvariable('fleet') || '/types.parquet', hive_partitioning = false, union_by_name = true);
CREATE OR REPLACE TEMP VIEW roots AS FROM read_parquet(getvariable('fleet') || '/roots.parquet', hive_partitioning = false, union_by_name = true);

-- The first core of each pod counts down, the last one up.
CREATE OR REPLACE TEMP VIEW ends AS
SELECT core_id, program, release, pod, CASE WHEN nth = 1 THEN -1 ELSE 1 END AS sign
FROM (
    SELECT core_id, program, coalesce(version, build_id, go_version) AS release, coalesce(host, '') || ' ' || coalesce(pid::VARCHAR, '') AS pod,
           row_number() OVER (PARTITION BY program, release, pod ORDER BY time, collections, core_id) AS nth,
           count(*) OVER (PARTITION BY program, release, pod) AS cores
    FROM run
)
WHERE cores > 1 AND nth IN (1, cores);

CREATE OR REPLACE TEMP VIEW sizes AS
SELECT core_id, 'type' AS what, type AS name, bytes FROM types
UNION ALL
SELECT core_id, 'variable', holder, retained_bytes FROM roots WHERE is_holder;

WITH pods AS (SELECT program, release, count(DISTINCT pod) AS all_pods FROM ends GROUP BY ALL),
grown AS (
    SELECT program, release, pod, what, name, sum(sign * bytes)::BIGINT AS grew
    FROM sizes JOIN ends USING (core_id) GROUP BY ALL
)
SELECT program, release, what, name, count(*) FILTER (grew > 0) AS pods, all_pods,
       median(grew)::BIGINT AS median_grew, sum(grew)::BIGINT AS grew
FROM grown JOIN pods USING (program, release)
GROUP BY ALL HAVING sum(grew) > 0
ORDER BY program, release, what, grew DESC, name;
