// The policy of the bench with the Go SDK, as its examples are written: a header is asked for where it is needed.
// Configuration: `CALLS NAME` in the first line, then `KEY CONSUMER TIER GROUPS` for each caller.
package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type consumer struct {
	name, tier, groups string
	tokens             float64
	filled             time.Time
}

type plugin struct {
	types.DefaultPluginContext
	rate        float64
	limit, told string
	consumers   map[string]*consumer
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err != nil {
		return types.OnPluginStartStatusFailed
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	calls, limit, found := strings.Cut(lines[0], " ")
	rate, err := strconv.ParseFloat(calls, 64)
	if err != nil || !found {
		return types.OnPluginStartStatusFailed
	}
	p.rate, p.limit, p.told = rate, limit, fmt.Sprintf("%q;q=%s;w=1", limit, calls)
	p.consumers = make(map[string]*consumer, len(lines))
	for _, line := range lines[1:] {
		parts := strings.Split(line, " ")
		if len(parts) != 4 {
			return types.OnPluginStartStatusFailed
		}
		p.consumers[parts[0]] = &consumer{name: parts[1], tier: parts[2], groups: parts[3], tokens: rate}
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &call{plugin: p} }

type call struct {
	types.DefaultHttpContext
	plugin *plugin
	left   int
}

var problem = [][2]string{{"content-type", "application/problem+json"}}

func refuse(status uint32, body string) types.Action {
	if err := proxywasm.SendHttpResponse(status, problem, []byte(body), -1); err != nil {
		proxywasm.LogErrorf("no answer: %v", err)
	}
	return types.ActionPause
}

func (c *call) OnHttpRequestHeaders(int, bool) types.Action {
	key, _ := proxywasm.GetHttpRequestHeader("x-api-key")
	caller := c.plugin.consumers[key]
	if caller == nil {
		return refuse(401, `{"type":"about:blank","title":"Unauthorized","status":401}`)
	}
	method, _ := proxywasm.GetHttpRequestHeader(":method")
	if method != "GET" && !(method == "POST" && isDraft()) {
		return refuse(403, `{"type":"about:blank","title":"Forbidden","status":403}`)
	}
	now := time.Now()
	caller.tokens = min(c.plugin.rate, caller.tokens+now.Sub(caller.filled).Seconds()*c.plugin.rate)
	caller.filled = now
	if caller.tokens < 1 {
		return refuse(429, `{"type":"about:blank","title":"Too Many Requests","status":429}`)
	}
	caller.tokens--
	c.left = int(caller.tokens)
	proxywasm.RemoveHttpRequestHeader("x-api-key")
	proxywasm.ReplaceHttpRequestHeader("x-consumer", caller.name)
	proxywasm.ReplaceHttpRequestHeader("x-consumer-tier", caller.tier)
	proxywasm.ReplaceHttpRequestHeader("x-consumer-groups", caller.groups)
	return types.ActionContinue
}

func isDraft() bool {
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	return strings.HasPrefix(path, "/orders/drafts/")
}

func (c *call) OnHttpResponseHeaders(int, bool) types.Action {
	proxywasm.ReplaceHttpResponseHeader("ratelimit", fmt.Sprintf("%q;r=%d;t=1", c.plugin.limit, c.left))
	proxywasm.ReplaceHttpResponseHeader("ratelimit-policy", c.plugin.told)
	return types.ActionContinue
}
