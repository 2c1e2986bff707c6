-- auth_user of Django 5.2
CREATE TABLE auth_user (id integer PRIMARY KEY, password text NOT NULL, last_login text, is_superuser boolean NOT NULL, username text NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, email text NOT NULL, is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined text NOT NULL);
INSERT INTO auth_user VALUES
  (1, 'pbkdf2_sha256$41$3e494ac4bffbefade62918$qxPxnKU4HxxkR0/Fqh1R0U79YlNku1TYVatzzpGxC40=', '2026-01-05 08:00:00+00', true, 'ada', 'Ada', 'King', 'ada@example.com', true, true, '2020-01-01 00:00:00+00'),
  (2, 'argon2$argon2id$v=19$m=64,t=2,p=2$ZTliOTczOTg3MjJlMzY0MzdkNDM3OA$pGaW3+GqJpYxUUbhW6xd9eoboAlpm+jzLTTjYG/V8bE', NULL, false, 'grace', 'Grace', 'O''Hopper', 'Grace@Example.com', false, true, '2021-01-01 00:00:00+00'),
  (3, '!vA5Lyx2OPqTEVgAkg5LzMQGEyVNzvT1Zb7SVYcSN', NULL, false, 'sso', '', '', 'sso@example.com', false, true, '2022-01-01 00:00:00+00'),
  (4, 'scrypt$16$a5e796a7435fd4803c244e$8$5$kK+LhjR/wbf1KOgEcje8VQa6HscN6n78eSVHkiCGLtKJljH/nYXqhSxcypT3/CbuJ2FBOLdF5L7HwC6N9rCS/w==', NULL, false, 'left', 'Gone', 'Away', 'left@example.com', false, false, '2022-01-01 00:00:00+00'),
  (5, 'pbkdf2_sha1$43$b930ee64d08b6007072c9b$PJTo4pdLlavPpqsRq10dj7Lo5qs=', NULL, false, 'nomail', '', '', '', false, true, '2022-01-01 00:00:00+00');
