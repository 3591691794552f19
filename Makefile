# make without a target lists what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

# The environment's settings of Go are not used: -mod=mod there would let a build
# rewrite go.mod, a go.work would swap our dependencies.
export GOFLAGS := -buildvcs=false
export GOWORK := off

TMP := .tmp
BIN := $(TMP)/bin
FUZZTIME ?= 5s
BENCH ?= .
COUNT ?= 6
PEERS ?= 3
RELEASE ?=
GENERATED := internal/kfppb/*.pb.go integration/gateway/*/*.pb*.go

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run the quick start against a mock on this machine: with all that it has, then with what a current server mounts
	go run ./examples/quickstart
	go run ./examples/quickstart -current

.PHONY: test
test: ## Run all tests with the race detector (needs Go and a C compiler only)
	go test -race -timeout=30m ./...
	cd oteljetway && go test -race ./...

.PHONY: install
install: ## Install the command jetway, where go install puts programs
	CGO_ENABLED=0 go install -trimpath -ldflags="-s -w -X github.com/jetway-go/jetway/cmd/jetway/internal/command.Version=$$(git describe --tags --always --dirty 2>/dev/null || true)" ./cmd/jetway

.PHONY: cli-docs
cli-docs: | $(TMP) ## Write docs/cli.md, and the help of jetway itself, anew from the commands
	go run ./cmd/jetway/internal/manual markdown > $(TMP)/cli.md
	mv $(TMP)/cli.md docs/cli.md
	go run ./cmd/jetway/internal/manual help > $(TMP)/help.txt
	mv $(TMP)/help.txt cmd/jetway/internal/quickhelp/help.txt

.PHONY: dist
dist: $(BIN)/cyclonedx-gomod ## Build jetway for Linux, macOS and Windows (DIST_TARGETS names fewer) into .tmp/dist, with checksums, man pages and SBOMs
	tools/dist.sh $(TMP)/dist $(BIN)/cyclonedx-gomod

.PHONY: integration
integration: ## Run the tests against real servers, browser and keyring (installs what is missing)
	integration/prepare.sh
	cd integration && go test -race -count=1 -timeout=30m ./...
	cd integration/xds && go test -race -count=1 ./...
	cd bench && go test -race -count=1 ./...
	cd examples/oidcverifier && go test -race -count=1 ./...
	cd auth/tokenstore/redisstore && go test -race -count=1 -parallel=8 -timeout=30m ./...

.PHONY: platforms
platforms: | $(TMP) ## One line for every test of what each sibling system must do, with its result
	@go test -count=1 -run='Row[0-9]+' -v ./platform/... > $(TMP)/platforms.txt 2>&1 || failed=1; \
	awk -f tools/platforms.awk $(TMP)/platforms.txt && [[ -z "$${failed-}" ]] || { echo "all that they said: $(TMP)/platforms.txt"; exit 1; }

.PHONY: check
check: lint check-generate fuzz-smoke ## Everything that a change must pass besides the tests

.PHONY: words
words: ## Find words of tools/words.txt in code and documents, with what to write instead
	@git ls-files -z -co --exclude-standard -- '*.go' '*.md' '*.sh' '*.yml' Makefile ':!*_test.go' ':!*.pb.go' ':!gen' | \
		xargs -0 awk -f tools/words.awk tools/words.txt

.PHONY: lint
lint: $(BIN)/golangci-lint $(BIN)/buf words ## Look at sources, protos and go.mod; writes nothing
	@files=$$(gofmt -l .); if [[ -n "$$files" ]]; then echo "not gofmt'd (run make fmt):" $$files; exit 1; fi
	go mod verify
	@for dir in . oteljetway auth/tokenstore/redisstore integration integration/xds bench examples/oidcverifier; do \
		echo "module in $$dir: go mod tidy -diff, go vet, golangci-lint"; \
		(cd "$$dir" && go mod tidy -diff && go vet ./... && "$(CURDIR)/$(BIN)/golangci-lint" run --allow-parallel-runners --config="$(CURDIR)/.golangci.yml" ./...) || exit 1; \
	done
	$(BIN)/buf lint
	$(BIN)/buf format -d --exit-code
	$(BIN)/buf format -d --exit-code --config tools/protos/buf.yaml
	tools/breaking.sh $(BIN)/buf

.PHONY: generate
generate: $(BIN)/buf $(BIN)/protoc-gen-go $(BIN)/protoc-gen-go-grpc $(BIN)/protoc-gen-grpc-gateway ## Write gen anew from proto, and what tests need of protos with HTTP rules
	$(BIN)/buf generate
	$(call generate-ruled,kfppb,internal/kfppb)
	$(call generate-ruled,kfpgateway,internal/kfppb)
	$(call generate-ruled,echopb,integration/gateway/echopb)

# $(1) is the template, $(2) where the protos are.
generate-ruled = $(BIN)/buf generate --config tools/protos/buf.yaml --template tools/protos/buf.gen.$(1).yaml $(addprefix --path ,$(wildcard $(2)/*.proto))

.PHONY: check-generate
check-generate: generate ## Fail if generated code in git is not what the protos give
	@changed=$$(git status --porcelain -- gen $(GENERATED)); if [[ -n "$$changed" ]]; then \
		echo "$$changed"; git --no-pager diff --stat -- gen $(GENERATED); \
		echo "generated code differs from what the protos give: commit the output of make generate"; exit 1; fi

.PHONY: fmt
fmt: $(BIN)/golangci-lint $(BIN)/buf ## Format Go sources and protos in place
	$(BIN)/golangci-lint fmt --config=.golangci.yml
	$(BIN)/buf format -w

.PHONY: fuzz-smoke
fuzz-smoke: ## Run every fuzz target for FUZZTIME (5s)
	tools/fuzz-smoke.sh $(FUZZTIME)
	cd auth/tokenstore/redisstore && ../../../tools/fuzz-smoke.sh $(FUZZTIME)

.PHONY: cover
cover: | $(TMP) ## Statement coverage: total, and by package
	@pkgs=$$(go list ./... | grep -v '/jetway/gen/'); \
	go test -coverprofile=$(TMP)/cover.out -coverpkg="$$(paste -sd, - <<< "$$pkgs")" $$pkgs > $(TMP)/cover.txt || { grep -v 'of statements in' $(TMP)/cover.txt; exit 1; }
	@awk -f tools/cover.awk $(TMP)/cover.out | sort

.PHONY: bench
bench: $(BIN)/benchstat | $(TMP) ## Run benchmarks COUNT (6) times, BENCH filters; summary by benchstat
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./... | tee $(TMP)/bench.txt
	$(BIN)/benchstat $(TMP)/bench.txt

.PHONY: bench-peers
bench-peers: | $(TMP) ## Our interceptors and HTTP transports beside their peers, PEERS (3) times: counts, then ratios of time
	cd bench && go test -run='^$$' -bench='Call/sh=(unary|stream1)$$|HTTP' -benchtime=10000x -count=$(PEERS) . | tee ../$(TMP)/bench-peers.txt
	cd bench && go test -run='^$$' -bench=Ratio -benchtime=200x -cpu=1 -count=$(PEERS) . | tee -a ../$(TMP)/bench-peers.txt

.PHONY: soak
soak: export JETWAY_TEST_TRANSFER_BYTES ?= 1073741824
soak: export JETWAY_TEST_CUTS ?= 1000
soak: export JETWAY_TEST_SEEDS ?= 2000
soak: export JETWAY_TEST_ROTATIONS ?= 1000
soak: export JETWAY_TEST_RESTARTS ?= 30
soak: export JETWAY_TEST_LAB_RUNS ?= 1000
soak: export JETWAY_TEST_CPU_BOUNDS ?= 1
soak: export JETWAY_TEST_FLEET ?= 200
soak: export JETWAY_TEST_KILLS ?= 100
soak: export JETWAY_TEST_REQUESTS ?= 1000000
soak: ## Heavy sizes of tests that are small in make test, and large transfers beside curl (a quiet machine, half an hour)
	go test -run='^TestMemory' -bench='Upload|Download' -benchtime=1x -timeout=60m ./transfer
	cd integration && go test -count=1 -timeout=30m ./transfer
	go test -run='^Test(Disorder|ProcessesRotateWithoutEnd)$$' -timeout=60m ./auth
	go test -run='Cut|Killed|AnyByte' -bench=TailLogs -benchtime=60x -timeout=60m ./follow
	go test -run=NeverCross -timeout=30m ./platform/nublado
	go test -race -run=Killed -timeout=30m ./mockserver/state
	cd auth/tokenstore/redisstore && go test -run='Fleet|Holder|Redis|Failover|Killed' -count=3 -parallel=8 -timeout=60m -v . | grep -v '^=== '
	go test -run='^TestMemory' -timeout=30m ./mockserver
	go test -run='^$$' -bench=Process -benchtime=200x ./cmd/jetway

.PHONY: release-versions
release-versions: ## Before a release: let the modules beside this one need RELEASE (such as v0.1.0) of it
	@[[ "$(RELEASE)" == v*.*.* ]] || { echo "name the version: make release-versions RELEASE=v0.1.0"; exit 1; }
	cd oteljetway && go mod edit -require=github.com/jetway-go/jetway@$(RELEASE)
	cd auth/tokenstore/redisstore && go mod edit -require=github.com/jetway-go/jetway@$(RELEASE)

.PHONY: vuln
vuln: $(BIN)/govulncheck ## Ask Go's vulnerability database about our dependencies (network)
	$(BIN)/govulncheck ./...

.PHONY: tools
tools: $(addprefix $(BIN)/,buf golangci-lint protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway benchstat govulncheck) ## Build every tool now instead of when it is needed

.PHONY: clean
clean: ## Remove what make has built
	rm -rf $(TMP)

$(TMP):
	@mkdir -p $@

# Tools are built from modfiles of their own, so that none of their requirements
# reaches go.mod. buf and protoc-gen-go want different versions of protobuf,
# hence more than one.
build-tool = go build -modfile=tools/$(1)/go.mod -o $@ $(2)

$(BIN)/buf: tools/buf/go.mod tools/buf/go.sum
	$(call build-tool,buf,github.com/bufbuild/buf/cmd/buf)

$(BIN)/golangci-lint: tools/lint/go.mod tools/lint/go.sum
	$(call build-tool,lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)

$(BIN)/protoc-gen-go: tools/go/go.mod tools/go/go.sum
	$(call build-tool,go,google.golang.org/protobuf/cmd/protoc-gen-go)

$(BIN)/protoc-gen-go-grpc: tools/go/go.mod tools/go/go.sum
	$(call build-tool,go,google.golang.org/grpc/cmd/protoc-gen-go-grpc)

# Of the version that the tests link.
$(BIN)/protoc-gen-grpc-gateway: integration/go.mod integration/go.sum
	cd integration && go build -o ../$@ github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway

$(BIN)/benchstat: tools/go/go.mod tools/go/go.sum
	$(call build-tool,go,golang.org/x/perf/cmd/benchstat)

$(BIN)/cyclonedx-gomod: tools/sbom/go.mod tools/sbom/go.sum
	$(call build-tool,sbom,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

$(BIN)/govulncheck: tools/go/go.mod tools/go/go.sum
	$(call build-tool,go,golang.org/x/vuln/cmd/govulncheck)
