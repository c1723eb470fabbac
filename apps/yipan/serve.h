#pragma once
// Serving a board over HTTP until Ctrl-C.
#include <string>
#include <vector>

#include "api/service.h"
#include "context.h"

namespace yipan::app {

struct ServeOptions {
    std::string host = "127.0.0.1", certificate, key;
    std::string oidc;                // file that says which sign-in provider (docs/security.md)
    std::vector<std::string> proxies;  // whose X-Forwarded-* are believed
    std::string mail;                // file that says which mail server takes letters (docs/serving.md)
    std::string signing_key;         // file; empty: BOARD-key
    std::vector<std::string> hosts;  // inner hosts that webhooks may reach
    int port = 8080, ports_to_try = 1;
    bool behind_tls = false;   // a proxy in front speaks TLS: cookies say Secure
    bool access_log = false;   // one JSON line for each request on stderr
    std::string backup_folder;  // backups go there, one every so many hours; empty: none
    int backup_every_hours = 24, backup_keep = 7;
    std::string replica;       // of a board in a database: address at which it is read while another process writes it
    std::string inner;         // HOST:PORT where processes of the same board ask; empty: the host listened on, any port
    int idle_s = 60;           // of a board in a database: after so long without use its connections are given back; 0: never
    bool standby = false;      // while another process holds the board: wait until it is gone, without listening
    int admin_factor_days = 7;  // after which an administrator needs the second factor; -1: never
    bool no_demo = false;      // a demo board asks for accounts like any other
};
int serve(Context& context, const std::string& path, const ServeOptions& options);

/// The page's files; none when it was not built.
const std::vector<api::Asset>& page_files();

}  // namespace yipan::app
