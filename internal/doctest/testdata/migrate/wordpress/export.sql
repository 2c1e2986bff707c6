-- wp_users of WordPress 6.8
CREATE TABLE wp_users (ID bigint PRIMARY KEY, user_login varchar(60) NOT NULL DEFAULT '', user_pass varchar(255) NOT NULL DEFAULT '',
  user_nicename varchar(50) NOT NULL DEFAULT '', user_email varchar(100) NOT NULL DEFAULT '', user_url varchar(100) NOT NULL DEFAULT '',
  user_registered datetime NOT NULL DEFAULT '0000-00-00 00:00:00', user_activation_key varchar(255) NOT NULL DEFAULT '', user_status int NOT NULL DEFAULT 0,
  display_name varchar(250) NOT NULL DEFAULT '');
INSERT INTO wp_users (ID, user_login, user_pass, user_nicename, user_email, display_name) VALUES
  (1, 'ada', '$wp$2y$04$1QLqj3pfJ1qF/6if8lnnjuq1/D19pd5YyPX0oYi0QYkU9fXxcrOTq', 'ada', 'ada@example.com', 'Ada King'),
  (2, 'old', '$P$ByNXL5jiZnO5FeZMmK6l0nSs4OoskJ0', 'old', 'old@example.com', 'Old Timer'),
  (3, 'plugin', '$2y$04$kAX4eKc5kiFwuF1VZ69zXeV8eX6rWz/ECD2XvGtkuOWL8eD/F/JPm', 'plugin', 'plugin@example.com', 'Plain bcrypt'),
  (4, 'ancient', '9cc2ae8a1ba7a93da39b46fc1019c481', 'ancient', 'ancient@example.com', 'WordPress 2.0'),
  (5, 'nomail', '$P$ByNXL5jiZnO5FeZMmK6l0nSs4OoskJ0', 'nomail', '', 'No mail');
