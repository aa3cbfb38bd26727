# make            what to run before a commit: format check, vet, tests
# make run        the chat demo on http://127.0.0.1:8888
# make test       every test that needs no browser, under the race detector
# make e2e        the chat in a real browser (a module of its own)
# make lint       format, vet, staticcheck, tidy modules
# make fuzz       every fuzz target for a while: FUZZTIME=10s each
# make bench      the comparison of docs/benchmarks.md, in half an hour: QUICK=1 in 3 minutes
# make benchtest  its tests, and whether our costs relate as they should
# make gobench    the Go benchmarks: BENCH=regexp
# make cross      vet for every system and processor that is supported

ADDR     ?= 127.0.0.1:8888
FUZZTIME ?= 10s
BENCH    ?= .
QUICK    ?=
# Modules beside this one whose tests need neither a browser nor much time.
MODULES  := $(patsubst %/go.mod,%,$(wildcard internal/interop/go.mod cmd/turbovisor/go.mod))

.PHONY: all run test e2e lint fmt vet fuzz bench benchtest gobench cross

all: fmt vet test

run:
	go run ./cmd/chatapp -addr $(ADDR)

test:
	@.ci/need c-compiler
	CGO_ENABLED=1 go test -race ./...
	@for m in $(MODULES); do echo "go test -race ./... in $$m"; (cd $$m && CGO_ENABLED=1 go test -race ./...) || exit 1; done

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

# The page is written by a whole run only.
bench:
	@.ci/need c-compiler
	cd bench && go run . $(if $(QUICK),-quick,-docs ../docs)

benchtest:
	@.ci/need c-compiler
	cd bench && go vet ./... && go test ./...

gobench:
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

cross:
	.ci/cross
