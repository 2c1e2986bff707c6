-- users of AdonisJS 6
CREATE TABLE users (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, full_name varchar(255), email varchar(254) NOT NULL, password varchar(255) NOT NULL, created_at datetime NOT NULL, updated_at datetime);
INSERT INTO users VALUES
  (1, 'Ada King', 'ada@example.com', '$scrypt$n=16,r=8,p=1$ocF9RaUri0Hs8N8dRDi5Hw$SmnTXnXRvkp1l6Y0qxH8Nud25EAI3FaJ1F7GhEsjBB6h4sn1SQ875SmB6MBrmzDtkmT6TR/ch6jbaBQISR5wuQ', '2025-01-01', NULL),
  (2, NULL, 'argon@example.com', '$argon2id$v=19$m=64,t=3,p=2$xP0YzIT1WVTykNmclnhBkA$eKdl0KsYDHyI9XsjRlWyQ6gZN65k98mhw9JAruR1rU0', '2025-01-01', NULL);
