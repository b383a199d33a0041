// Command fetchers fetches modules as a cluster does: by the caches of Istio's agent and of Envoy Gateway.
//
//	fetchers oci://127.0.0.1:5000/sluice/guard@sha256:... ...
//
// Behind a # may stand what a resource has for its sha256.
//
// It prints one line of JSON for each module and fetcher: url, fetcher, and sha256 of the module or error.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/internal/logging"
	gateway "github.com/envoyproxy/gateway/internal/wasm"
	istio "istio.io/istio/pkg/wasm"
	"k8s.io/apimachinery/pkg/util/sets"
)

const timeout = 30 * time.Second

type outcome struct {
	URL     string `json:"url"`
	Fetcher string `json:"fetcher"`
	SHA256  string `json:"sha256,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	folder, err := os.MkdirTemp("", "fetchers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer os.RemoveAll(folder)
	output := json.NewEncoder(os.Stdout)
	for index, url := range os.Args[1:] {
		// A cache of its own for each, so that nothing is known beforehand.
		at := func(name string) string {
			path := filepath.Join(folder, fmt.Sprint(name, index))
			if err := os.Mkdir(path, 0o755); err != nil {
				panic(err)
			}
			return path
		}
		_ = output.Encode(byIstio(at("istio"), url))
		_ = output.Encode(byGateway(at("gateway"), url))
	}
}

func byIstio(folder, argument string) outcome {
	url, checksum, _ := strings.Cut(argument, "#")
	options := istio.Options{InsecureRegistries: nil, ModuleExpiry: time.Hour, PurgeInterval: time.Hour, HTTPRequestTimeout: timeout, HTTPRequestMaxRetries: 1}
	cache := istio.NewLocalFileCache(folder, options)
	defer cache.Cleanup()
	path, err := cache.Get(url, istio.GetOptions{Checksum: checksum, ResourceName: "test.module", RequestTimeout: timeout})
	return result("istio", argument, path, err)
}

func byGateway(folder, argument string) outcome {
	url, checksum, _ := strings.Cut(argument, "#")
	options := gateway.CacheOptions{InsecureRegistries: sets.New("*"), CacheDir: folder}
	log := logging.NewLogger(io.Discard, egv1a1.DefaultEnvoyGatewayLogging())
	cache := gateway.NewHTTPServerWithFileCache(gateway.ServerOptions{}, options, "envoy-gateway-system", log)
	_, _, err := cache.Get(url, &gateway.GetOptions{Checksum: checksum, ResourceName: "test/module", RequestTimeout: timeout})
	if err != nil {
		return result("envoy-gateway", argument, "", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.wasm"))
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("%d modules are in the cache", len(files))
	}
	if err != nil {
		return result("envoy-gateway", argument, "", err)
	}
	return result("envoy-gateway", argument, files[0], nil)
}

func result(fetcher, url, path string, err error) outcome {
	found := outcome{URL: url, Fetcher: fetcher}
	var contents []byte
	if err == nil {
		contents, err = os.ReadFile(path)
	}
	if err != nil {
		found.Error = err.Error()
		return found
	}
	digest := sha256.Sum256(contents)
	found.SHA256 = hex.EncodeToString(digest[:])
	return found
}
