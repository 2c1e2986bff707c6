-- users_field_data of Drupal 10
CREATE TABLE users_field_data (uid int NOT NULL, langcode varchar(12) NOT NULL, preferred_langcode varchar(12), name varchar(60) NOT NULL, pass varchar(255),
  mail varchar(254), timezone varchar(32), status tinyint, created int NOT NULL, changed int, access int NOT NULL, login int, init varchar(254), default_langcode tinyint NOT NULL);
INSERT INTO users_field_data VALUES
  (0, 'en', 'en', '', NULL, NULL, '', 0, 1700000000, 1700000000, 0, 0, NULL, 1),
  (1, 'en', NULL, 'Ada', '$S$9GdBaXHCNuiqUjZQ5O3dw7y70wZS9nOAv47xUfibEKLjnp8ypAEe', 'ada@example.com', 'UTC', 1, 1700000000, 1700000000, 0, 0, 'ada@example.com', 1),
  (2, 'en', NULL, 'new', '$2y$04$kAX4eKc5kiFwuF1VZ69zXeV8eX6rWz/ECD2XvGtkuOWL8eD/F/JPm', 'new@example.com', 'UTC', 1, 1700000000, 1700000000, 0, 0, 'new@example.com', 1),
  (3, 'en', NULL, 'six', 'U$S$9EolSEOfnktpGqXyFhfMT4YAE69jvB0AC6QKMcpUsRtiOc7MkFFd', 'six@example.com', 'UTC', 1, 1700000000, 1700000000, 0, 0, 'six@example.com', 1),
  (4, 'en', NULL, 'blocked', '$S$9GdBaXHCNuiqUjZQ5O3dw7y70wZS9nOAv47xUfibEKLjnp8ypAEe', 'blocked@example.com', 'UTC', 0, 1700000000, 1700000000, 0, 0, 'blocked@example.com', 1),
  (5, 'en', NULL, 'ldap', NULL, 'ldap@example.com', 'UTC', 1, 1700000000, 1700000000, 0, 0, NULL, 1);
