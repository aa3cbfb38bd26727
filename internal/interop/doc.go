// Package interop talks with other implementations of WebSockets: gorilla and
// coder, as servers and as clients, with and without compression. It is a module
// of its own, as nothing else needs them. It has tests only:
//
//	cd internal/interop && go test -race ./...
package interop
