-- users of Laravel 12
CREATE TABLE users (id bigint PRIMARY KEY, name varchar(255) NOT NULL, email varchar(255) NOT NULL, email_verified_at timestamp, password varchar(255),
  remember_token varchar(100), created_at timestamp, updated_at timestamp);
INSERT INTO users VALUES
  (1, 'Ada "the Countess" King', 'ada@example.com', '2025-01-01 00:00:00', '$2y$04$kAX4eKc5kiFwuF1VZ69zXeV8eX6rWz/ECD2XvGtkuOWL8eD/F/JPm', 'aB3dE6gH9j', '2025-01-01 00:00:00', '2025-01-01 00:00:00'),
  (2, 'Zoë', 'zoe@example.com', NULL, '$argon2id$v=19$m=64,t=3,p=1$JR+2ZMmss/81HmmAGvXPaA$X99vDkbndqkEFaQfRb/PJP8RLMt6+HIEfBbNtw6Rn+4', NULL, '2025-01-01 00:00:00', '2025-01-01 00:00:00'),
  (3, 'Socialite', 'google@example.com', NULL, NULL, NULL, '2025-01-01 00:00:00', '2025-01-01 00:00:00');
