BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE answer (
	"key" VARCHAR(64) NOT NULL, 
	document_id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	suggestion TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	job_id INTEGER, 
	about VARCHAR(64), 
	CONSTRAINT pk_answer PRIMARY KEY ("key")
);
INSERT INTO "answer" VALUES('question',5,'practice','{"title": "Rechnung", "tags": ["Energy"], "correspondent": "Ambervale Energy", "document_type": null, "created": "2026-03-01"}',1795435200.0,NULL,NULL);
CREATE TABLE api_token (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	scope VARCHAR(16) NOT NULL, 
	created_at DOUBLE NOT NULL, 
	used_at DOUBLE, 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT ck_api_token_scope CHECK (scope IN ('metrics', 'read', 'work', 'admin'))
);
INSERT INTO "api_token" VALUES(1,'home automation','1111111111111111111111111111111111111111111111111111111111111111','work',1795435200.0,NULL);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (id)
);
INSERT INTO "event" VALUES(1,1,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(2,2,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(3,3,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(4,4,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(5,5,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(6,6,1795435200.0,'Work began.');
INSERT INTO "event" VALUES(7,1,1795438800.0,'Wrote text.');
INSERT INTO "event" VALUES(8,2,1795435200.0,'The PDF is encrypted.');
INSERT INTO "event" VALUES(9,3,1795438800.0,'The trigger tag was taken off.');
INSERT INTO "event" VALUES(10,4,1795435200.0,'Put off until 2026-11-23 13:00:00 UTC: Page 3 could not be read.');
CREATE TABLE job (
	id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	priority INTEGER NOT NULL, 
	attempt INTEGER DEFAULT '0' NOT NULL, 
	crashes INTEGER DEFAULT '0' NOT NULL, 
	run_after DOUBLE, 
	lease_token INTEGER DEFAULT '0' NOT NULL, 
	lease_owner VARCHAR(64), 
	lease_until DOUBLE, 
	reason TEXT, 
	giving_up INTEGER DEFAULT '0' NOT NULL, 
	changed INTEGER, 
	base TEXT, 
	ask TEXT, 
	pages_done INTEGER DEFAULT '0' NOT NULL, 
	pages_total INTEGER, 
	created_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	moved_at DOUBLE, 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT ck_job_state CHECK (state IN ('ready', 'running', 'scheduled', 'review') OR state IN ('succeeded', 'failed', 'cancelled')), 
	CONSTRAINT ck_job_lease CHECK ((state = 'running') = (lease_until IS NOT NULL)), 
	CONSTRAINT ck_job_run_after CHECK ((state = 'scheduled') = (run_after IS NOT NULL))
);
INSERT INTO "job" VALUES(1,1,'ocr','succeeded',10,1,0,NULL,1,NULL,NULL,'Wrote text.',0,1,'{"title": "scan"}',NULL,2,2,1795435200.0,1795435200.0,1795438800.0,1795438800.0);
INSERT INTO "job" VALUES(2,2,'ocr','failed',10,1,0,NULL,1,NULL,NULL,'The PDF is encrypted.',1,NULL,'{"title": "scan"}',NULL,0,NULL,1795435200.0,1795435200.0,1795438800.0,1795438800.0);
INSERT INTO "job" VALUES(3,3,'ocr','cancelled',10,1,0,NULL,1,NULL,NULL,'The trigger tag was taken off.',0,NULL,'{"title": "scan"}',NULL,0,NULL,1795435200.0,1795435200.0,1795438800.0,1795438800.0);
INSERT INTO "job" VALUES(4,4,'ocr','scheduled',10,1,0,1795438800.0,1,NULL,NULL,'Page 3 could not be read.',0,NULL,'{"title": "scan"}',NULL,0,NULL,1795435200.0,1795435200.0,NULL,1795435200.0);
INSERT INTO "job" VALUES(5,5,'ocr','running',10,1,0,NULL,1,'runner',1795435380.0,NULL,0,NULL,'{"title": "scan"}',NULL,0,NULL,1795435200.0,1795435200.0,NULL,1795435200.0);
INSERT INTO "job" VALUES(6,6,'ocr','running',10,1,0,NULL,1,'runner',1795435380.0,NULL,0,NULL,'{"title": "scan"}',NULL,0,NULL,1795435200.0,1795435200.0,NULL,1795435200.0);
INSERT INTO "job" VALUES(7,7,'ocr','ready',10,0,0,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,1795435200.0,NULL,NULL,NULL);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	purpose VARCHAR(16) NOT NULL, 
	model TEXT NOT NULL, 
	input_tokens INTEGER, 
	output_tokens INTEGER, 
	outcome TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	provider TEXT, 
	cost DOUBLE, 
	estimated INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_ledger PRIMARY KEY (id)
);
INSERT INTO "ledger" VALUES(1,5,5,'tagging','practice',1200,80,'answered',1.5,1795435200.0,NULL,NULL,0);
CREATE TABLE made_name (
	kind VARCHAR(32) NOT NULL, 
	name_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	job_id INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT pk_made_name PRIMARY KEY (kind, name_id)
);
CREATE TABLE page (
	"key" VARCHAR(64) NOT NULL, 
	document_id INTEGER NOT NULL, 
	page INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	engine VARCHAR(64) NOT NULL, 
	confidence DOUBLE, 
	seconds DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	words TEXT, 
	CONSTRAINT pk_page PRIMARY KEY ("key")
);
INSERT INTO "page" VALUES('key-1',1,1,'Seite 1
mit ''Anführung'' und

; Semikolon','tesseract 5.3.0',93.5,2.25,1795435200.0,'',NULL);
INSERT INTO "page" VALUES('key-2',1,2,'Seite 2
mit ''Anführung'' und

; Semikolon','tesseract 5.3.0',93.5,2.25,1795435200.0,'',NULL);
CREATE TABLE pause (
	kind VARCHAR(16) NOT NULL, 
	since DOUBLE NOT NULL, 
	by_whom TEXT NOT NULL, 
	CONSTRAINT pk_pause PRIMARY KEY (kind)
);
INSERT INTO "pause" VALUES('tagging',1795435200.0,'anna');
CREATE TABLE provider (
	name VARCHAR(32) NOT NULL, 
	parked_until DOUBLE NOT NULL, 
	parked_since DOUBLE NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_provider PRIMARY KEY (name)
);
INSERT INTO "provider" VALUES('model',1795438800.0,1795435200.0,'The model is away.');
CREATE TABLE rejection (
	"key" VARCHAR(64) NOT NULL, 
	document_id INTEGER NOT NULL, 
	page INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT pk_rejection PRIMARY KEY ("key")
);
CREATE TABLE review (
	job_id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	proposal TEXT NOT NULL, 
	edited TEXT, 
	shown TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	decision VARCHAR(16), 
	decided_by TEXT, 
	decided_at DOUBLE, 
	CONSTRAINT pk_review PRIMARY KEY (job_id), 
	CONSTRAINT ck_review_decision CHECK (decision IN ('approved', 'rejected'))
);
CREATE TABLE slot (
	name VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	owner VARCHAR(64), 
	held_until DOUBLE DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_slot PRIMARY KEY (name, number)
);
CREATE TABLE taken_back (
	job_id INTEGER NOT NULL, 
	field VARCHAR(64) NOT NULL, 
	by_job INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_taken_back PRIMARY KEY (job_id, field)
);
CREATE TABLE web_session (
	id_hash VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	username TEXT NOT NULL, 
	is_staff INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	CONSTRAINT pk_web_session PRIMARY KEY (id_hash)
);
INSERT INTO "web_session" VALUES('0000000000000000000000000000000000000000000000000000000000000000',3,'anna',0,1795435200.0,1795438800.0);
CREATE TABLE write (
	job_id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	lease_token INTEGER NOT NULL, 
	proposal TEXT NOT NULL, 
	old TEXT NOT NULL, 
	written TEXT NOT NULL, 
	conflicts TEXT DEFAULT '[]' NOT NULL, 
	refused TEXT DEFAULT '{}' NOT NULL, 
	appeared TEXT DEFAULT '[]' NOT NULL, 
	intended_at DOUBLE NOT NULL, 
	verified_at DOUBLE, 
	CONSTRAINT pk_write PRIMARY KEY (job_id), 
	CONSTRAINT ck_write_state CHECK (state IN ('intended', 'verified', 'dropped'))
);
INSERT INTO "write" VALUES(1,1,'ocr','verified',1,'{"base": {"title": "scan"}, "wanted": {"title": "Rechnung für März – 84,20 €"}, "delta": {"add": [3], "remove": [1]}, "note": null}','{"title": "scan"}','{}','[]','{"title": "Too long."}','[]',1795435200.0,1795438800.0);
INSERT INTO "write" VALUES(6,6,'ocr','intended',1,'{"base": {"title": "scan"}, "wanted": {"title": "Rechnung für März – 84,20 €"}, "delta": {"add": [3], "remove": [1]}, "note": null}','{"title": "scan"}','{"title": "Rechnung für März – 84,20 €"}','[]','{}','[]',1795435200.0,NULL);
CREATE INDEX ix_job_scheduled ON job (run_after) WHERE state = 'scheduled';
CREATE INDEX ix_job_failed ON job (id) WHERE state = 'failed';
CREATE INDEX ix_job_review ON job (kind, id) WHERE state = 'review';
CREATE INDEX ix_job_ready ON job (kind, priority, id) WHERE state = 'ready';
CREATE UNIQUE INDEX uq_job_unfinished ON job (document_id, kind) WHERE state IN ('ready', 'running', 'scheduled', 'review');
CREATE INDEX ix_job_document ON job (document_id, id);
CREATE INDEX ix_job_scheduled_moved_at ON job (moved_at) WHERE state = 'scheduled';
CREATE INDEX ix_job_running ON job (lease_until) WHERE state = 'running';
CREATE INDEX ix_job_finished ON job (finished_at) WHERE state IN ('succeeded', 'failed', 'cancelled');
CREATE INDEX ix_page_document ON page (document_id, page);
CREATE INDEX ix_page_created_at ON page (created_at);
CREATE INDEX ix_rejection_created_at ON rejection (created_at);
CREATE INDEX ix_answer_job ON answer (job_id);
CREATE INDEX ix_answer_created_at ON answer (created_at);
CREATE INDEX ix_write_intended ON write (job_id) WHERE state = 'intended';
CREATE INDEX ix_write_document ON write (document_id, job_id);
CREATE INDEX ix_ledger_job ON ledger (job_id);
CREATE INDEX ix_ledger_created_at ON ledger (created_at);
CREATE INDEX ix_review_document ON review (document_id, job_id);
CREATE INDEX ix_made_name_job ON made_name (job_id);
CREATE INDEX ix_event_job ON event (job_id, id);
CREATE INDEX ix_event_at ON event (at);
CREATE INDEX ix_web_session_seen_at ON web_session (seen_at);
CREATE UNIQUE INDEX uq_api_token_token_hash ON api_token (token_hash);
COMMIT;
