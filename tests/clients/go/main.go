// The scenarios in Go, on the generated client. ../README.md describes them.
//
// The generated client is the module scenario-client; a go.work joins that module and this one.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// Longer than the slowest scenario takes.
const limit = 60 * time.Second

type scenario struct {
	name string
	run  func(context.Context, *world) error
}

var scenarios = []scenario{
	{"result", result},
	{"every_error_code", everyErrorCode},
	{"application_error_with_data", applicationErrorWithData},
	{"unknown_method", unknownMethod},
	{"invalid_params", invalidParams},
	{"params_too_large", paramsTooLarge},
	{"timeout", timeout},
	{"cancel", cancel},
	{"cancel_before_sending", cancelBeforeSending},
	{"concurrent_1000", concurrent1000},
	{"reconnect_by_server", reconnectByServer},
	{"reconnect_after_cut", reconnectAfterCut},
	{"calls_made_while_disconnected", callsMadeWhileDisconnected},
	{"token_refresh", tokenRefresh},
	{"refused_token", refusedToken},
	{"failing_token_function", failingTokenFunction},
	{"no_wait", noWait},
	{"two_clients_of_one_user", twoClientsOfOneUser},
	{"close_with_calls_pending", closeWithCallsPending},
	{"unicode", unicode},
	{"large_payloads", largePayloads},
	{"slow_link", slowLink},
	{"long_user_id", longUserID},
	{"token_words", tokenWords},
	{"channel_limit", channelLimit},
	{"identity", identity},
	{"guard", guard},
	{"anonymous", anonymous},
	{"contract_check", contractCheck},
	{"overload", overload},
	{"on_the_wire", onTheWire},
	{"requests_that_go_together", requestsThatGoTogether},
	{"replies_that_change_nothing", repliesThatChangeNothing},
	{"replies_without_an_offset", repliesWithoutAnOffset},
	{"more_replies_than_the_history_keeps", moreRepliesThanTheHistoryKeeps},
	{"replies_after_a_restart", repliesAfterARestart},
	{"replies_lost_twice", repliesLostTwice},
	{"giving_up", givingUp},
}

func main() {
	only := ""
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	allOK, known := true, false
	for _, scenario := range scenarios {
		if only != "" && only != scenario.name {
			continue
		}
		known = true
		if err := run(scenario); err != nil {
			allOK = false
			fmt.Printf("FAILED %s: %s\n", scenario.name, strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok", scenario.name)
		}
	}
	if !known {
		fmt.Printf("FAILED %s: there is no such scenario\n", only)
	}
	if !allOK || !known {
		os.Exit(1)
	}
}

func run(scenario scenario) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	w := &world{url: os.Getenv("SCENARIO_URL"), control: os.Getenv("SCENARIO_CONTROL")}
	defer w.close()
	return scenario.run(ctx, w)
}
