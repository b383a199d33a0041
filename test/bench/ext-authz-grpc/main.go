// The policy of the bench as a service that Envoy's ext_authz filter asks over gRPC. It prints its port, and ends when
// standard input does. Arguments: CALLS NAME; standard input: `KEY CONSUMER TIER GROUPS` for each caller, then an empty line.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	status "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

type consumer struct {
	sync.Mutex
	name, tier, groups string
	tokens             float64
	filled             time.Time
}

type server struct {
	auth.UnimplementedAuthorizationServer
	rate        float64
	limit, told string
	consumers   map[string]*consumer
}

func (s *server) Check(_ context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	call := request.GetAttributes().GetRequest().GetHttp()
	caller := s.consumers[call.GetHeaders()["x-api-key"]]
	if caller == nil {
		return refused(codes.Unauthenticated, kind.StatusCode_Unauthorized), nil
	}
	if call.GetMethod() != "GET" && !(call.GetMethod() == "POST" && strings.HasPrefix(call.GetPath(), "/orders/drafts/")) {
		return refused(codes.PermissionDenied, kind.StatusCode_Forbidden), nil
	}
	left, ok := caller.take(s.rate)
	if !ok {
		return refused(codes.ResourceExhausted, kind.StatusCode_TooManyRequests), nil
	}
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(codes.OK)},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{
			Headers: []*core.HeaderValueOption{
				header("x-consumer", caller.name),
				header("x-consumer-tier", caller.tier),
				header("x-consumer-groups", caller.groups),
			},
			HeadersToRemove: []string{"x-api-key"},
			ResponseHeadersToAdd: []*core.HeaderValueOption{
				header("ratelimit", fmt.Sprintf("%q;r=%d;t=1", s.limit, left)),
				header("ratelimit-policy", s.told),
			},
		}},
	}, nil
}

func (c *consumer) take(rate float64) (int, bool) {
	c.Lock()
	defer c.Unlock()
	now := time.Now()
	c.tokens = min(rate, c.tokens+now.Sub(c.filled).Seconds()*rate)
	c.filled = now
	if c.tokens < 1 {
		return 0, false
	}
	c.tokens--
	return int(c.tokens), true
}

func header(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header:       &core.HeaderValue{Key: name, Value: value},
		AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

func refused(code codes.Code, answer kind.StatusCode) *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(code)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{
			DeniedResponse: &auth.DeniedHttpResponse{Status: &kind.HttpStatus{Code: answer}},
		},
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ext-authz-grpc:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("2 arguments are needed: CALLS NAME")
	}
	rate, err := strconv.ParseFloat(args[0], 64)
	if err != nil {
		return err
	}
	input := bufio.NewScanner(os.Stdin)
	answers := &server{rate: rate, limit: args[1], told: fmt.Sprintf("%q;q=%s;w=1", args[1], args[0]), consumers: map[string]*consumer{}}
	for input.Scan() && input.Text() != "" {
		parts := strings.Split(input.Text(), " ")
		if len(parts) != 4 {
			return fmt.Errorf("a caller has 4 parts")
		}
		answers.consumers[parts[0]] = &consumer{name: parts[1], tier: parts[2], groups: parts[3], tokens: rate}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		for input.Scan() {
		}
		os.Exit(0)
	}()
	serving := grpc.NewServer()
	auth.RegisterAuthorizationServer(serving, answers)
	return serving.Serve(listener)
}
