package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// The maximum lines of a function and of a program's func main, and the maximum methods that an interface may declare.
const (
	mostLines   = 60
	mostMain    = 25
	mostMethods = 5
)

// look checks one file of a package and records what breaks a rule.
type look struct {
	*pkg
	set     *token.FileSet
	program bool
}

func (l look) at(n ast.Node) string { return l.set.Position(n.Pos()).String() }

func (l look) file(file *ast.File) {
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			l.function(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				l.spec(d, spec)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if i, is := n.(*ast.InterfaceType); is {
			l.methods(i)
		}
		return true
	})
}

func (l look) function(d *ast.FuncDecl) {
	lines := l.set.Position(d.End()).Line - l.set.Position(d.Pos()).Line + 1
	l.functions = append(l.functions, lines)
	most := mostLines
	if l.program && d.Recv == nil && d.Name.Name == "main" {
		most = mostMain
	}
	if lines > most {
		l.problem("%s: %s has %d lines, at most %d are promised", l.at(d), d.Name.Name, lines, most)
	}
	if d.Recv == nil && d.Name.Name == "init" {
		l.problem("%s: init runs before anybody can decide", l.at(d))
	}
	if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || exported(d.Recv.List[0].Type)) {
		l.problem("%s: %s is exported and not explained", l.at(d), d.Name.Name)
	}
}

// exported reports whether the receiver's type, a pointer or generic type included, is exported.
func exported(receiver ast.Expr) bool {
	switch t := receiver.(type) {
	case *ast.StarExpr:
		return exported(t.X)
	case *ast.IndexExpr:
		return exported(t.X)
	case *ast.IndexListExpr:
		return exported(t.X)
	case *ast.Ident:
		return t.IsExported()
	}
	return false
}

func (l look) methods(i *ast.InterfaceType) {
	own := 0
	for _, method := range i.Methods.List {
		own += len(method.Names) // an embedded interface has none here, and is counted at its own declaration
	}
	if own > mostMethods {
		l.problem("%s: an interface with %d methods, at most %d are promised", l.at(i), own, mostMethods)
	}
}

func (l look) spec(d *ast.GenDecl, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
			l.problem("%s: %s is exported and not explained", l.at(s), s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() && s.Doc == nil && d.Doc == nil && s.Comment == nil {
				l.problem("%s: %s is exported and not explained", l.at(name), name.Name)
			}
			if d.Tok == token.VAR && !steady(name.Name, len(s.Values) > 0 || embedded(d.Doc)) {
				l.problem("%s: %s is global and can be changed", l.at(name), name.Name)
			}
		}
	}
}

// embedded reports whether the linker fills the variable in, from a file that is part of the program.
func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// steady reports whether a variable is in effect a constant: an error to compare with, or a value that other packages cannot
// change. A reader sees whether its own package does.
func steady(name string, hasValue bool) bool {
	exported := ast.IsExported(name)
	return name == "_" || hasValue && (!exported || strings.HasPrefix(name, "Err"))
}
