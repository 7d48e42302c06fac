// The shape of project.sqlite, as numbered steps: step n takes a file of version n to version n + 1.
// A step that has shipped is never edited; a change is a new step at the end.

export const migrations: readonly string[] = [
  `
  CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- A folder that pictures were imported from. Pictures stay where they are.
  CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    root TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    added_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE class (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE image (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source,
    relative_path TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    width_px INTEGER NOT NULL CHECK (width_px > 0),
    height_px INTEGER NOT NULL CHECK (height_px > 0),
    size_bytes INTEGER NOT NULL,
    modified_ms REAL NOT NULL,
    file_format TEXT NOT NULL,
    class_id INTEGER REFERENCES class,
    class_origin TEXT NOT NULL CHECK (class_origin IN ('given', 'derived')),
    split TEXT CHECK (split IN ('train', 'selection', 'test')),
    boxes INTEGER NOT NULL DEFAULT 0,
    masks INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1)),
    UNIQUE (source_id, relative_path)
  ) STRICT;
  -- Ids of pictures start at a random place, so that those of different projects differ: a picture's
  -- address in the window holds its id alone, and windows reuse what they have loaded from an address.
  INSERT INTO sqlite_sequence (name, seq)
    VALUES ('image', (abs(random() % 16777215) + 1) * 16777216);
  CREATE INDEX image_by_name ON image (sort_key, id);
  CREATE INDEX image_by_hash ON image (content_hash);
  CREATE INDEX image_by_class ON image (class_id);
  -- Covers the counts of the whole project.
  CREATE INDEX image_facts ON image (split, boxes, masks, class_id, missing);

  CREATE TABLE annotation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    class_id INTEGER REFERENCES class,
    kind TEXT NOT NULL CHECK (kind IN ('box', 'polygon', 'mask')),
    shape TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('person', 'import', 'model')),
    hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1))
  ) STRICT;
  CREATE INDEX annotation_by_image ON annotation (image_id);
  CREATE INDEX annotation_by_class ON annotation (class_id);

  -- image.boxes and image.masks follow the annotations, whoever writes them.
  CREATE TRIGGER annotation_added AFTER INSERT ON annotation BEGIN
    UPDATE image SET boxes = boxes + (new.kind = 'box'), masks = masks + (new.kind <> 'box')
      WHERE id = new.image_id;
  END;
  CREATE TRIGGER annotation_removed AFTER DELETE ON annotation BEGIN
    UPDATE image SET boxes = boxes - (old.kind = 'box'), masks = masks - (old.kind <> 'box')
      WHERE id = old.image_id;
  END;
  CREATE TRIGGER annotation_kind AFTER UPDATE OF kind ON annotation WHEN old.kind <> new.kind BEGIN
    UPDATE image SET
        boxes = boxes + (new.kind = 'box') - (old.kind = 'box'),
        masks = masks + (new.kind <> 'box') - (old.kind <> 'box')
      WHERE id = new.image_id;
  END;

  -- One row a step of a person; undone rows lie at the end until a new step removes them.
  CREATE TABLE undo_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    changes TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
  ) STRICT;
  CREATE INDEX undo_step_by_image ON undo_step (image_id, undone, id);

  -- What an import has once brought, so that importing again neither doubles nor revives it.
  CREATE TABLE import_key (
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (image_id, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;

  CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    config TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
      ('waiting', 'running', 'paused', 'interrupted', 'done', 'failed', 'cancelled')),
    created_at INTEGER NOT NULL,
    epochs_done INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    device TEXT NOT NULL DEFAULT '',
    best_epoch INTEGER,
    best_accuracy REAL,
    error TEXT,
    trained_on TEXT NOT NULL,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot,
    code_version TEXT NOT NULL
  ) STRICT;

  CREATE TABLE epoch_metric (
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    loss TEXT NOT NULL,
    train_accuracy REAL NOT NULL,
    accuracy REAL,
    energy_in_box REAL,
    learning_rate REAL NOT NULL,
    seconds REAL NOT NULL,
    pictures_per_second REAL NOT NULL,
    PRIMARY KEY (run_id, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE evaluation (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    split TEXT NOT NULL CHECK (split IN ('train', 'selection', 'test')),
    created_at INTEGER NOT NULL,
    images INTEGER NOT NULL,
    with_region INTEGER NOT NULL,
    measures TEXT NOT NULL,
    confusion TEXT NOT NULL,
    classes TEXT NOT NULL,
    UNIQUE (run_id, split)
  ) STRICT;

  CREATE TABLE evaluation_image (
    evaluation_id INTEGER NOT NULL REFERENCES evaluation ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    class_id INTEGER NOT NULL,
    predicted_id INTEGER NOT NULL,
    true_score REAL NOT NULL,
    predicted_score REAL NOT NULL,
    energy_in_box REAL,
    pointing_hit INTEGER CHECK (pointing_hit IN (0, 1)),
    iou REAL,
    saliency_metric REAL,
    PRIMARY KEY (evaluation_id, image_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX evaluation_image_by_image ON evaluation_image (image_id);

  -- Heat maps: asked for by a person (epoch null, a cache) or pinned and redrawn after each epoch.
  CREATE TABLE explanation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    epoch INTEGER,
    cache_key TEXT NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    heat BLOB NOT NULL,
    class_id INTEGER NOT NULL,
    scores TEXT NOT NULL,
    energy_in_box REAL,
    pointing_hit INTEGER CHECK (pointing_hit IN (0, 1)),
    region_box TEXT,
    UNIQUE (run_id, image_id, cache_key)
  ) STRICT;

  CREATE TABLE comparison (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_a INTEGER NOT NULL REFERENCES run,
    run_b INTEGER NOT NULL REFERENCES run,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    method TEXT NOT NULL,
    params TEXT NOT NULL,
    class_id INTEGER NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    energy_a REAL,
    energy_b REAL
  ) STRICT;
  `,
  `
  -- Any measure has a figure of the whole and may have one of each picture; weights_of is the epoch whose weights
  -- were measured, so that figures of the same weights can be added to.
  ALTER TABLE evaluation ADD COLUMN figures TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE evaluation ADD COLUMN weights_of INTEGER;
  ALTER TABLE evaluation_image ADD COLUMN measured TEXT NOT NULL DEFAULT '{}';
  UPDATE evaluation_image SET measured = json_object('energyInBox', energy_in_box, 'pointingGame', pointing_hit,
    'meanIou', iou, 'saliencyMetric', saliency_metric);
  ALTER TABLE evaluation_image DROP COLUMN energy_in_box;
  ALTER TABLE evaluation_image DROP COLUMN pointing_hit;
  ALTER TABLE evaluation_image DROP COLUMN iou;
  ALTER TABLE evaluation_image DROP COLUMN saliency_metric;

  -- What an import says of a picture besides its class: its background, hair, …
  CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE image_attribute (
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    attribute_id INTEGER NOT NULL REFERENCES attribute,
    value TEXT NOT NULL,
    PRIMARY KEY (image_id, attribute_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Runs over a grid of parameters. figures: of the run on the tuning pictures of its sweep.
  CREATE TABLE sweep (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    trained_on TEXT NOT NULL,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot,
    error TEXT
  ) STRICT;
  CREATE TABLE sweep_run (
    sweep_id INTEGER NOT NULL REFERENCES sweep ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    run_id INTEGER NOT NULL UNIQUE REFERENCES run ON DELETE CASCADE,
    figures TEXT,
    PRIMARY KEY (sweep_id, position)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The box that measures draw from the loss gradient, with its IoU, of maps of that.
  ALTER TABLE explanation ADD COLUMN measured_box TEXT;
  -- Class that the explained one of a finding is held against.
  ALTER TABLE comparison ADD COLUMN versus_id INTEGER;
  `,
  `
  -- What a sweep's run scores on the test pictures, kept as the sweep asked for it: its evaluation may change.
  ALTER TABLE sweep_run ADD COLUMN test TEXT;
  UPDATE sweep_run SET test = (
    SELECT figures FROM evaluation WHERE evaluation.run_id = sweep_run.run_id AND split = 'test'
  ) WHERE figures IS NOT NULL;
  `,
  `
  -- An import writes its rows a few at a time, where nothing reads them, and one row here shows them all at once.
  -- finished_at is null while it writes: pictures from first_image on and shapes of its id are not shown then; if the
  -- process dies, the next one removes them.
  CREATE TABLE import (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source,
    first_image INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX import_going_on ON import ((1)) WHERE finished_at IS NULL;
  -- What an import brings for a picture that is there already; carried out after it is finished.
  CREATE TABLE import_change (
    image_id INTEGER PRIMARY KEY REFERENCES image ON DELETE CASCADE,
    change TEXT NOT NULL
  ) STRICT;

  -- 0 for what no import brought.
  ALTER TABLE annotation ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE import_key ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;
  -- Covers the counts of the class list.
  DROP INDEX annotation_by_class;
  CREATE INDEX annotation_by_class ON annotation (class_id, import_id);

  -- An import counts its shapes itself.
  DROP TRIGGER annotation_added;
  CREATE TRIGGER annotation_added AFTER INSERT ON annotation WHEN new.import_id = 0 BEGIN
    UPDATE image SET boxes = boxes + (new.kind = 'box'), masks = masks + (new.kind <> 'box')
      WHERE id = new.image_id;
  END;
  DROP TRIGGER annotation_removed;
  CREATE TRIGGER annotation_removed AFTER DELETE ON annotation
    WHEN old.import_id = 0 OR NOT EXISTS (
      SELECT 1 FROM import WHERE finished_at IS NULL AND import.id = old.import_id)
  BEGIN
    UPDATE image SET boxes = boxes - (old.kind = 'box'), masks = masks - (old.kind <> 'box')
      WHERE id = old.image_id;
  END;

  -- What the app reads. The plus keeps the planner from taking this condition for a way to find rows.
  CREATE VIEW shown_image AS SELECT * FROM image
    WHERE +id < coalesce((SELECT first_image FROM import WHERE finished_at IS NULL), 9223372036854775807);
  CREATE VIEW shown_annotation AS SELECT * FROM annotation
    WHERE +import_id <> coalesce((SELECT id FROM import WHERE finished_at IS NULL), -1);
  `,
  `
  -- Files of the cache are named after it.
  ALTER TABLE image ADD CONSTRAINT content_hash_is_hex
    CHECK (length(content_hash) = 64 AND content_hash NOT GLOB '*[^0-9a-f]*');
  `,
  `
  -- Many objects that nobody told apart, as COCO's iscrowd; and what is said of a shape besides its class, by name (JSON).
  ALTER TABLE annotation ADD COLUMN is_crowd INTEGER NOT NULL DEFAULT 0 CHECK (is_crowd IN (0, 1));
  ALTER TABLE annotation ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
  `,
  `
  -- Attributes that shapes have: their names are listed without looking at every shape, their values found by an index.
  ALTER TABLE attribute ADD COLUMN of_shapes INTEGER NOT NULL DEFAULT 0 CHECK (of_shapes IN (0, 1));
  INSERT INTO attribute (name, of_shapes)
    SELECT DISTINCT said.key, 1 FROM annotation, json_each(annotation.attributes) AS said
      WHERE annotation.attributes <> '{}'
    ON CONFLICT (name) DO UPDATE SET of_shapes = 1;
  CREATE INDEX annotation_with_attributes ON annotation (image_id) WHERE attributes <> '{}';
  `,
  `
  -- A sweep says its points one by one; before, they followed from a grid of box-aware's two weights. plan: of the tasks
  -- that it was written out as, for other machines.
  ALTER TABLE sweep ADD COLUMN plan TEXT;
  UPDATE sweep SET config = json_set(
    json_remove(config, '$.grid'),
    '$.objectives', json('["standard","blackout","box-aware"]'),
    '$.vary', json_array(
      json_object('name', 'lambdaInside', 'values', json(config ->> '$.grid.lambdaInside')),
      json_object('name', 'lambdaOutside', 'values', json(config ->> '$.grid.lambdaOutside'))),
    '$.points', json((
      SELECT json_group_array(json(point)) FROM (
        SELECT -2 AS place, '{"objective":"standard","values":{},"params":{}}' AS point
        UNION ALL SELECT -1, '{"objective":"blackout","values":{},"params":{}}'
        UNION ALL SELECT inside.key * 1000 + outside.key, json_object('objective', 'box-aware',
          'values', json_object('lambdaInside', inside.value, 'lambdaOutside', outside.value),
          'params', json_patch(config ->> '$.run.params',
            json_object('lambdaInside', inside.value, 'lambdaOutside', outside.value)))
          FROM json_each(config, '$.grid.lambdaInside') AS inside, json_each(config, '$.grid.lambdaOutside') AS outside
          WHERE inside.value > 0 OR outside.value > 0
        ORDER BY place))))
    WHERE json_type(config, '$.grid') IS NOT NULL;
  `,
  `
  -- Labels that a source was imported with: which file or folder of it, read as what. What they bring is compared with
  -- what they brought before.
  CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
    place TEXT NOT NULL,
    UNIQUE (source_id, place)
  ) STRICT;
  -- The shape that was made of it (null: a person had deleted it), its state and bounds as the source gave them, and the
  -- import that found it no longer there.
  ALTER TABLE import_key ADD COLUMN annotation_id INTEGER;
  ALTER TABLE import_key ADD COLUMN state TEXT;
  ALTER TABLE import_key ADD COLUMN bounds TEXT;
  ALTER TABLE import_key ADD COLUMN labels_id INTEGER;
  ALTER TABLE import_key ADD COLUMN gone_in INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX import_key_gone ON import_key (gone_in) WHERE gone_in <> 0;
  -- What an import reported, and of which pictures.
  ALTER TABLE import ADD COLUMN labels_id INTEGER REFERENCES labels ON DELETE SET NULL;
  ALTER TABLE import ADD COLUMN last_image INTEGER;
  ALTER TABLE import ADD COLUMN report TEXT;
  CREATE TABLE import_concern (
    import_id INTEGER NOT NULL REFERENCES import ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    PRIMARY KEY (import_id, image_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- An evaluation is of one run, epoch and split: those of other epochs stay. A metric is one measure with its
  -- parameters of one evaluation, with its value of each picture beside it; another parameter is another row.
  CREATE TABLE new_evaluation (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    split TEXT NOT NULL CHECK (split IN ('train', 'selection', 'test')),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    created_at INTEGER NOT NULL,
    images INTEGER NOT NULL,
    with_region INTEGER NOT NULL,
    confusion TEXT NOT NULL,
    classes TEXT NOT NULL,
    UNIQUE (run_id, split, epoch)
  ) STRICT;
  CREATE TABLE new_evaluation_image (
    evaluation_id INTEGER NOT NULL REFERENCES new_evaluation ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    class_id INTEGER NOT NULL,
    predicted_id INTEGER NOT NULL,
    true_score REAL NOT NULL,
    predicted_score REAL NOT NULL,
    area_share REAL,
    PRIMARY KEY (evaluation_id, image_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE metric (
    id INTEGER PRIMARY KEY,
    evaluation_id INTEGER NOT NULL REFERENCES new_evaluation ON DELETE CASCADE,
    measure TEXT NOT NULL,
    params TEXT NOT NULL,
    value REAL,
    low REAL,
    high REAL,
    pictures INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    chance REAL,
    parts TEXT,
    curve TEXT,
    UNIQUE (evaluation_id, measure, params)
  ) STRICT;
  CREATE TABLE metric_image (
    metric_id INTEGER NOT NULL REFERENCES metric ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
    value REAL NOT NULL,
    PRIMARY KEY (metric_id, image_id)
  ) STRICT, WITHOUT ROWID;

  DELETE FROM evaluation WHERE run_id NOT IN (SELECT id FROM run);
  INSERT INTO new_evaluation
    SELECT id, run_id, split, coalesce(weights_of, 0), created_at, images, with_region, confusion, classes FROM evaluation;
  INSERT INTO new_evaluation_image
    SELECT evaluation_id, image_id, class_id, predicted_id, true_score, predicted_score, NULL FROM evaluation_image;

  -- Measures by the names that their values had.
  CREATE TEMP TABLE named (key TEXT PRIMARY KEY, measure TEXT NOT NULL, added TEXT NOT NULL);
  INSERT INTO named VALUES
    ('accuracy', 'accuracy', '{}'), ('topKAccuracy', 'top-k-accuracy', '{}'), ('f1', 'f1', '{}'),
    ('calibrationError', 'calibration-error', '{}'), ('confusion', 'confusion', '{}'),
    ('worstGroupAccuracy', 'worst-group-accuracy', '{}'),
    ('energyInBox', 'energy-in-box', '{"method":"gradient-energy"}'),
    ('contentHeatMap', 'content-heat-map', '{}'), ('pointingGame', 'pointing-game', '{}'),
    ('stochasticPointingGame', 'stochastic-pointing-game', '{}'),
    ('negativeQuadrantHeat', 'negative-quadrant-heat', '{}'),
    ('meanIou', 'mean-iou', '{"box":"kc-zhang","method":"gradient-energy","threshold":0.2}'),
    ('localisationAccuracy', 'localisation-accuracy', '{"box":"kc-zhang","method":"gradient-energy","threshold":0.2}'),
    ('gtKnownLocalisation', 'gt-known-localisation', '{"method":"gradient-energy","threshold":0.2}'),
    ('top1Localisation', 'top-1-localisation', '{"method":"gradient-energy","threshold":0.2}'),
    ('maxBoxAccuracy', 'max-box-accuracy', '{}'), ('top1Segmentation', 'top-1-segmentation', '{}'),
    ('saliencyMetric', 'saliency-metric', '{}'), ('featureLeakage', 'feature-leakage', '{}'),
    ('insertion', 'insertion', '{}'), ('deletion', 'deletion', '{}'),
    ('pixelPerturbation', 'pixel-perturbation', '{}'), ('weightRandomisation', 'weight-randomisation', '{}'),
    ('fgsm', 'fgsm', '{}'), ('pgdAccuracy', 'pgd-accuracy', '{}'), ('corruptionError', 'corruption-error', '{}'),
    ('topKIntersection', 'top-k-intersection', '{}'), ('kendallCorrelation', 'kendall-correlation', '{}'),
    ('spearmanCorrelation', 'spearman-correlation', '{}'), ('gradientRobustness', 'gradient-robustness', '{}'),
    ('densityRobustness', 'density-robustness', '{}'), ('oodAuroc', 'ood-auroc', '{}'),
    ('outsideBlurred', 'outside-blurred', '{}'), ('outsideSwapped', 'outside-swapped', '{}');
  -- Parameters lie in the order of their names, so that equal ones are equal texts.
  INSERT INTO metric (evaluation_id, measure, params, value, low, high, pictures, skipped, parts, curve)
    SELECT evaluation.id, measure,
      (SELECT json_group_object(key, json(added_to -> ('$.' || key))) FROM (
        SELECT added_to, key FROM (
          SELECT json_patch(added, coalesce(figure.value -> '$.params', '{}')) AS added_to), json_each(added_to)
        ORDER BY key)),
      figure.value ->> '$.value', figure.value ->> '$.low', figure.value ->> '$.high',
      coalesce(figure.value ->> '$.pictures', images), coalesce(figure.value ->> '$.skipped', 0),
      CASE WHEN named.key <> 'fgsm' THEN figure.value -> '$.parts' END,
      CASE WHEN named.key = 'fgsm' AND figure.value -> '$.parts' IS NOT NULL THEN (
        SELECT json_group_array(json_object('x', CAST(point.value ->> '$.name' AS REAL), 'y', point.value ->> '$.value',
          'low', NULL, 'high', NULL)) FROM json_each(figure.value, '$.parts') AS point) END
    FROM evaluation, json_each(figures) AS figure JOIN named ON named.key = figure.key;
  -- What an evaluation of version 1 says has no figures: single values alone, and the points of one curve.
  INSERT INTO metric (evaluation_id, measure, params, value, pictures, skipped)
    SELECT evaluation.id, measure, added, old.value, images, 0
    FROM evaluation, json_each(measures) AS old JOIN named ON named.key = old.key
    WHERE figures = '{}' AND old.type IN ('real', 'integer');
  INSERT INTO metric (evaluation_id, measure, params, value, pictures, skipped, curve)
    SELECT evaluation.id, 'fgsm', '{}',
      (SELECT avg(value ->> '$.accuracy') FROM json_each(measures, '$.fgsm') WHERE value ->> '$.eps' > 0), images, 0,
      (SELECT json_group_array(json_object('x', value ->> '$.eps', 'y', value ->> '$.accuracy', 'low', NULL, 'high', NULL))
        FROM json_each(measures, '$.fgsm'))
    FROM evaluation WHERE figures = '{}' AND json_array_length(measures, '$.fgsm') > 0;
  INSERT INTO metric (evaluation_id, measure, params, value, pictures, skipped)
    SELECT DISTINCT evaluation_id, measure, added, NULL, images, 0
    FROM evaluation_image JOIN evaluation ON evaluation.id = evaluation_id, json_each(measured) AS own
      JOIN named ON named.key = own.key
    WHERE own.value IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM metric WHERE metric.evaluation_id = evaluation.id AND metric.measure = named.measure);
  INSERT INTO metric_image
    SELECT metric.id, image_id, own.value
    FROM evaluation_image, json_each(measured) AS own JOIN named ON named.key = own.key
      JOIN metric ON metric.evaluation_id = evaluation_image.evaluation_id AND metric.measure = named.measure
    WHERE own.value IS NOT NULL;
  UPDATE sweep_run SET figures = json_remove(json_set(figures, '$.fgsm.curve', (
      SELECT json_group_array(json_object('x', CAST(value ->> '$.name' AS REAL), 'y', value ->> '$.value',
        'low', NULL, 'high', NULL)) FROM json_each(figures, '$.fgsm.parts'))), '$.fgsm.parts')
    WHERE figures -> '$.fgsm.parts' IS NOT NULL;
  UPDATE sweep_run SET test = json_remove(json_set(test, '$.fgsm.curve', (
      SELECT json_group_array(json_object('x', CAST(value ->> '$.name' AS REAL), 'y', value ->> '$.value',
        'low', NULL, 'high', NULL)) FROM json_each(test, '$.fgsm.parts'))), '$.fgsm.parts')
    WHERE test -> '$.fgsm.parts' IS NOT NULL;

  DROP TABLE named;
  DROP TABLE evaluation_image;
  DROP TABLE evaluation;
  ALTER TABLE new_evaluation RENAME TO evaluation;
  ALTER TABLE new_evaluation_image RENAME TO evaluation_image;
  CREATE INDEX evaluation_image_by_image ON evaluation_image (image_id);
  CREATE INDEX metric_image_by_image ON metric_image (image_id);
  `,
];
