package privatefile

import "io/fs"

// CheckOn checks as Check does on another operating system.
func CheckOn(system, path string, info fs.FileInfo) error { return check(system, path, info) }
