<?php
// Prints rows [tool, name, password, hash] of PHP itself, WordPress and Drupal; see make_systems.py. The argument is a folder
// with WordPress's wp-includes/class-phpass.php and Drupal's core/lib/Drupal/Core/Password/PhpassHashedPassword.php.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_NOTICE);
require "$argv[1]/class-phpass.php";
eval('namespace Drupal\Core\Password; interface PasswordInterface { const PASSWORD_MAX_LENGTH = 512; }');
require "$argv[1]/PhpassHashedPassword.php";

$portable = new PasswordHash(8, true);
$drupal = new Drupal\Core\Password\PhpassHashedPassword(11);
$default = new Drupal\Core\Password\PhpassHashedPassword(16);
$php = 'PHP ' . PHP_VERSION;
foreach (json_decode(stream_get_contents(STDIN), true) as $name => $p) {
    $rows[] = ['phpass 0.1 of WordPress', "WordPress 4, $name", $p, $portable->HashPassword(trim($p))];
    $rows[] = ['phpass 0.1 of WordPress', "phpBB 3.0, $name", $p, '$H$' . substr($portable->HashPassword($p), 3)];
    // wp_hash_password of WordPress 6.8
    $key = base64_encode(hash_hmac('sha384', trim($p), 'wp-sha384', true));
    $rows[] = ["$php as WordPress 6.8", "WordPress 6.8, $name", $p, '$wp' . password_hash($key, PASSWORD_BCRYPT, ['cost' => 4])];
    $rows[] = ['Drupal 10', "Drupal 7 to 10.0, $name", $p, $drupal->hash(trim($p))];
    $rows[] = ['Drupal 10', "Drupal upgraded from 6, $name", $p, 'U' . $drupal->hash(md5($p))];
    foreach (['5' => 'SHA-256-crypt', '6' => 'SHA-512-crypt'] as $id => $scheme) {
        $rows[] = [$php, "$scheme, $name", $p, crypt($p, "\$$id\$rounds=1000\$" . substr(sha1($name), 0, 16) . '$')];
        $rows[] = [$php, "$scheme default rounds, $name", $p, crypt($p, "\$$id\$" . substr(sha1($name), 0, 8) . '$')];
    }
}
$rows[] = ["$php as WordPress 6.8", 'WordPress 6.8, default cost', 'correct horse battery staple',
    '$wp' . password_hash(base64_encode(hash_hmac('sha384', 'correct horse battery staple', 'wp-sha384', true)), PASSWORD_BCRYPT)];
$rows[] = ['Drupal 10', 'Drupal 8 to 10.0, default rounds', 'correct horse battery staple', $default->hash('correct horse battery staple')];
echo json_encode($rows);
