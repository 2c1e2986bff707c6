-- users of Devise with confirmable
CREATE TABLE users (id integer PRIMARY KEY, email varchar NOT NULL DEFAULT '', encrypted_password varchar NOT NULL DEFAULT '', reset_password_token varchar,
  remember_created_at timestamp, confirmed_at timestamp, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
INSERT INTO users VALUES
  (1, 'ada@example.com', '$2a$04$kAX4eKc5kiFwuF1VZ69zXeV8eX6rWz/ECD2XvGtkuOWL8eD/F/JPm', NULL, NULL, '2024-02-03 04:05:06', '2024-02-03 04:05:06', '2024-02-03 04:05:06'),
  (2, 'new@example.com', '$2a$04$kAX4eKc5kiFwuF1VZ69zXeV8eX6rWz/ECD2XvGtkuOWL8eD/F/JPm', NULL, NULL, NULL, '2026-02-03 04:05:06', '2026-02-03 04:05:06'),
  (3, 'google@example.com', '', NULL, NULL, '2024-02-03 04:05:06', '2024-02-03 04:05:06', '2024-02-03 04:05:06');
