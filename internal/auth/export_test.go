package auth

// DecoyFor lets tests ask for many names.
var DecoyFor = decoyFor
