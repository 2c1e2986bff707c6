-- the core schema of better-auth 1.7
CREATE TABLE "user" (id text NOT NULL PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, "emailVerified" boolean NOT NULL, image text, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE account (id text NOT NULL PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL, "userId" text NOT NULL, "accessToken" text, password text, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
INSERT INTO "user" VALUES
  ('u7Hd2kLmQ9', 'Ada King', 'ada@example.com', true, NULL, '2025-01-01', '2025-01-01'),
  ('v8Ie3lMnR0', 'G', 'google@example.com', true, NULL, '2025-01-01', '2025-01-01');
INSERT INTO account VALUES
  ('1', 'u7Hd2kLmQ9', 'credential', 'u7Hd2kLmQ9', NULL, '854e1209178469e585fca9edc56f8cfc:856a11ab7d43535be109879e0f2375169977865bbffde98391af07a15fcc6877732cb4c2d0f5f30aa31484b73046f7313b52b998db254ef4d3d5ab45e3b3813a', '2025-01-01', '2025-01-01'),
  ('2', '1099', 'google', 'u7Hd2kLmQ9', 'ya29', NULL, '2025-01-01', '2025-01-01'),
  ('3', '1100', 'google', 'v8Ie3lMnR0', 'ya29', NULL, '2025-01-01', '2025-01-01');
