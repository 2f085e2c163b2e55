module centrifugo-rpc/client

go 1.24
