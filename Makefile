# make            what to run before a commit: format check, vet, tests
# make run        the chat demo on http://127.0.0.1:8888
# make test       every test that needs no browser, under the race detector
# make e2e        the chat in a real browser (a module of its own)
# make lint       format, vet, staticcheck, tidy modules
# make fuzz       every fuzz target for a while: FUZZTIME=10s each
# make bench      the Go benchmarks: BENCH=regexp
# make cross      vet for every system and processor that is supported

ADDR     ?= 127.0.0.1:8888
FUZZTIME ?= 10s
BENCH    ?= .

.PHONY: all run test e2e lint fmt vet fuzz bench cross

all: fmt vet test

run:
	go run ./cmd/chatapp -addr $(ADDR)

test:
	@.ci/need c-compiler
	CGO_ENABLED=1 go test -race ./...

e2e:
	e2e/run.sh

lint: fmt vet
	.ci/lint

fmt:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }

vet:
	go vet ./...

fuzz:
	.ci/fuzz $(FUZZTIME)

bench:
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

cross:
	.ci/cross
