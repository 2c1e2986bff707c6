-- A store of version 1 as it was released: never change it. Every later version must open it and read this.
PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x4c4b4559;
PRAGMA user_version = 1;
CREATE TABLE users (
	id             TEXT    NOT NULL PRIMARY KEY,
	identifier     TEXT    NOT NULL UNIQUE,
	email          TEXT    NOT NULL,
	password_hash  TEXT    NOT NULL,
	status         TEXT    NOT NULL,
	role           TEXT    NOT NULL,
	password_epoch INTEGER NOT NULL,
	version        INTEGER NOT NULL,
	created_at     INTEGER NOT NULL,
	updated_at     INTEGER NOT NULL,
	accounts       TEXT    NOT NULL,
	profile        TEXT    NOT NULL
) STRICT;
CREATE TABLE clients (
	key_hash   TEXT    NOT NULL PRIMARY KEY,
	name       TEXT    NOT NULL,
	kind       TEXT    NOT NULL,
	disabled   INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
	user_id        TEXT    NOT NULL,
	id             TEXT    NOT NULL,
	nonce          TEXT    NOT NULL,
	generation     INTEGER NOT NULL,
	password_epoch INTEGER NOT NULL,
	contract       TEXT    NOT NULL,
	client         TEXT    NOT NULL,
	source         TEXT    NOT NULL,
	actor_id       TEXT    NOT NULL,
	created_at     INTEGER NOT NULL,
	rotated_at     INTEGER NOT NULL,
	last_used_at   INTEGER NOT NULL,
	expires_at     INTEGER NOT NULL,
	PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO users VALUES ('grace', 'grace@example.com', 'Grace@Example.com', '$argon2id$', 'ready', 'admin', 2, 5,
	1767323045678, 1767323046000,
	'[{"id":"account-grace","organizationId":"org-navy","organizationName":"Navy","userType":"Organization Owner","isSelected":true}]',
	'{"fullName":"Grace Hopper","projects":["cobol"],"preferences":{"hideBrandingIcon":true,"hideLoadingLogo":false}}');
INSERT INTO clients VALUES ('00ff', 'site', 'integration', 1, 1767323045678);
INSERT INTO sessions VALUES ('grace', 's1', 'nonce', 3, 2, 'planpoint', '00ff', '192.0.2.1', 'ada',
	1767323045678, 1767323045679, 1767323045680, 1767323045681);
