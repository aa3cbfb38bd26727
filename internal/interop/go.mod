module github.com/turbogo/turbo/internal/interop

go 1.25.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	github.com/turbogo/turbo v0.0.0
)

require golang.org/x/sys v0.47.0 // indirect

replace github.com/turbogo/turbo => ../..
