package main

// A suite is one kind of load, and who is put under it.
type suite struct {
	name, title string
	mode        string // of the load generator
	path        string
	args        []string // of the load generator
	limit       string   // the C program: "http", "ws" or none
	servers     []string
	base        string  // what ratios are to, where there is no limit
	free        bool    // server and load share the cores
	quickly     bool    // a part of the quick run
	long        bool    // a run has a length of its own
	goal        float64 // the ratio, or the bytes, to reach
}

var (
	httpServers = []string{"turbo", "turbo-raw", "fasthttp", "gnet", "nbio", "nethttp"}
	wsServers   = []string{"turbo", "gws", "nbio", "gorilla", "coder", "gobwas"}
	crowds      = []string{"turbo", "gws", "nbio", "gorilla", "coder"}
)

var suites = []suite{
	{
		name: "get", title: "HTTP keep-alive GET, 64 connections", mode: "http", path: "/",
		args: []string{"-c", "64"}, limit: "http", servers: httpServers, quickly: true, goal: 1.15,
	},
	{
		name: "pipelined", title: "the same, pipelined 16 deep", mode: "http", path: "/",
		args: []string{"-c", "64", "-p", "16"}, limit: "http", servers: httpServers, quickly: true, goal: 1.9,
	},
	{
		name: "https", title: "HTTPS keep-alive GET, 64 connections, to net/http's", mode: "https", path: "/",
		args: []string{"-c", "64"}, base: "nethttp", servers: []string{"nethttp", "turbo", "fasthttp"}, quickly: true, goal: 0.5,
	},
	{
		name: "ws64", title: "WebSocket echo 64 B, 64 connections", mode: "echo", path: "/echo",
		args: []string{"-c", "64", "-m", "64"}, limit: "ws", servers: wsServers, quickly: true, goal: 1.10,
	},
	{
		name: "ws1k", title: "WebSocket echo 1 KiB", mode: "echo", path: "/echo",
		args: []string{"-c", "64", "-m", "1024"}, limit: "ws", servers: wsServers, quickly: true, goal: 1.10,
	},
	{
		name: "ws64k", title: "WebSocket echo 64 KiB", mode: "echo", path: "/echo",
		args: []string{"-c", "64", "-m", "65536"}, limit: "ws", servers: wsServers, quickly: true, goal: 1.10,
	},
	{
		name: "ws16", title: "WebSocket echo 64 B, 16 in flight", mode: "echo", path: "/echo",
		args: []string{"-c", "64", "-m", "64", "-p", "16"}, limit: "ws", servers: wsServers, quickly: true, goal: 1.5,
	},
	{
		name: "broadcast", title: "broadcast 64 B to 500, 4 in flight, per delivered message", mode: "bcast", path: "/broadcast",
		args: []string{"-c", "500", "-m", "64", "-p", "4"}, limit: "ws", servers: crowds, quickly: true, goal: 1.2,
	},
	{
		name: "idle", title: "idle WebSocket connections, 10,000: bytes of resident memory each", mode: "idle", path: "/broadcast",
		args: []string{"-c", "10000", "-m", "64", "-S", "4"}, limit: "ws", servers: crowds, quickly: true, long: true, goal: 450,
	},
	{
		name: "log", title: "HTTP keep-alive GET with an access log, to the same without", mode: "http", path: "/",
		args: []string{"-c", "64"}, base: "turbo", servers: []string{"turbo", "turbo-log"}, quickly: true, goal: 1.10,
	},
	{
		name: "plain", title: "HTTPS keep-alive GET, to plain HTTP of the same server", mode: "https", path: "/",
		args: []string{"-c", "64"}, base: "turbo", servers: []string{"turbo", "turbo+tls"}, goal: 1.4,
	},
	{
		name: "ws10", title: "WebSocket echo 64 B, 10 connections", mode: "echo", path: "/echo",
		args: []string{"-c", "10", "-m", "64"}, limit: "ws", servers: []string{"turbo"},
	},
	{
		name: "ws1000", title: "WebSocket echo 64 B, 1,000 connections", mode: "echo", path: "/echo",
		args: []string{"-c", "1000", "-m", "64"}, limit: "ws", servers: []string{"turbo"},
	},
	{
		name: "ws10000", title: "WebSocket echo 64 B, 10,000 connections", mode: "echo", path: "/echo",
		args: []string{"-c", "10000", "-m", "64", "-S", "4"}, limit: "ws", servers: []string{"turbo"},
	},
	{
		name: "idle20k", title: "20,000 idle WebSocket connections: bytes of resident memory each", mode: "idle", path: "/broadcast",
		args: []string{"-c", "19500", "-m", "64", "-S", "4"}, limit: "ws", servers: []string{"turbo"}, long: true,
	},
	{
		name: "bcast10k", title: "broadcast 64 B to 10,000, per delivered message", mode: "bcast", path: "/broadcast",
		args: []string{"-c", "10000", "-m", "64", "-S", "4"}, limit: "ws", servers: []string{"turbo"},
	},
	{
		name: "loops", title: "HTTPS keep-alive GET, two loops on two cores, to one loop", mode: "https", path: "/",
		args: []string{"-c", "64"}, base: "turbo", servers: []string{"turbo", "turbo+2"}, free: true,
	},
}

// start returns how to start a server of a suite: the name of the program's
// server, and whether it speaks TLS.
func (x *suite) start(server string) (name string, tls bool, loops string) {
	name, tls, loops = server, x.mode == "https", "1"
	switch server {
	case "turbo+tls":
		return "turbo", true, loops
	case "turbo+2":
		return "turbo", tls, "2"
	}
	if x.name == "plain" {
		tls = false
	}
	return name, tls, loops
}
