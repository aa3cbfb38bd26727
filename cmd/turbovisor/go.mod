module github.com/turbogo/turbo/cmd/turbovisor

go 1.25.0

require github.com/fsnotify/fsnotify v1.10.1

require golang.org/x/sys v0.47.0 // indirect
