-- users.ddl of JdbcDaoImpl
CREATE TABLE users (username varchar(50) NOT NULL PRIMARY KEY, password varchar(500) NOT NULL, enabled boolean NOT NULL);
CREATE TABLE authorities (username varchar(50) NOT NULL, authority varchar(50) NOT NULL);
INSERT INTO users VALUES
  ('ada@example.com', '{bcrypt}$2a$04$GFAfVrq82MdjJLOEs3Aj7eaU5sGZlWRsh6aIREO3wEjS7XXpWYwfy', true),
  ('pbkdf2@example.com', '{pbkdf2@SpringSecurity_v5_8}c31edccf8d04ed0f5622fc9956c67ad0ef13b5c7ceef2ffe5d5f65f9d14e61288f79c51026a24a231f434bcbe11eedbf', true),
  ('argon2@example.com', '{argon2}$argon2id$v=19$m=64,t=3,p=1$JR+2ZMmss/81HmmAGvXPaA$X99vDkbndqkEFaQfRb/PJP8RLMt6+HIEfBbNtw6Rn+4', true),
  ('scrypt@example.com', '{scrypt}$40801$ZbnayYNojQCE9uVIy1NsmU0aQj3Yr0/+c1MoJpto3VwF1aDKJxZeJkgazaMcbG7izQ3N7bmffPY02ihgnF43Ig==$DyWsoN5UsuBEoxt2MhG8s07hHZcn6CdptRxhnzaPqe8=', true),
  ('bare@example.com', '$2a$04$GFAfVrq82MdjJLOEs3Aj7eaU5sGZlWRsh6aIREO3wEjS7XXpWYwfy', false),
  ('demo@example.com', '{noop}password', true);
INSERT INTO authorities VALUES ('ada@example.com', 'ROLE_ADMIN');
