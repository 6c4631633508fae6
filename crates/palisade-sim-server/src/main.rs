//! Serves a simulated organisation: `palisade-sim-server --accounts 20 --seed 7 --port 4566 [--bulk N] [--fault RULE]…`.

use palisade_content::{load, shipped};
use palisade_sim::api::{Api, Fault, Faults, Options};
use palisade_sim::{Organisation, Size};
use palisade_sim_server::Server;
use std::process::ExitCode;

const HELP: &str = "usage: palisade-sim-server [--accounts N] [--seed N] [--port N] [--bulk N] [--pace SHARE] [--fault RULE]…

  --accounts N   how many accounts the organisation has (12)
  --seed N       the same seed gives the same organisation (7)
  --port N       where to listen on 127.0.0.1 (4566; 0 takes any that is free)
  --bulk N       plain resources in each account and region (0)
  --pace SHARE   what share of the simulated delays is waited for (0)
  --fault RULE   what goes wrong: `s3.GetBucketPolicy=access-denied`, `ec2.*=throttle@first 3`, `*=500@5 of 1000`

Then: AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any palisade collect …";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let mut size = Size { seed: 7, accounts: 12 };
    let (mut port, mut pace) = (4_566_u16, 0.0);
    let mut options = Options::default();
    let mut rules = Vec::new();
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        if matches!(name.as_str(), "--help" | "-h") {
            println!("{HELP}");
            return Ok(());
        }
        let value = given.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        let wrong = |error: &dyn std::fmt::Display| format!("`{name} {value}`: {error}");
        match name.as_str() {
            "--accounts" => size.accounts = value.parse().map_err(|error| wrong(&error))?,
            "--seed" => size.seed = value.parse().map_err(|error| wrong(&error))?,
            "--port" => port = value.parse().map_err(|error| wrong(&error))?,
            "--bulk" => options.bulk = value.parse().map_err(|error| wrong(&error))?,
            "--pace" => pace = value.parse().map_err(|error| wrong(&error))?,
            "--fault" => rules.push(value.parse::<Fault>().map_err(|error| wrong(&error))?),
            other => return Err(format!("`{other}` is no option")),
        }
    }
    options.faults = Faults { rules, permissions: None };
    let (library, _) = load(&shipped());
    let api = Api::new(Organisation::new(size), library.kinds(), options);
    let management =
        api.organisation().accounts.first().map(|account| account.id.to_string()).unwrap_or_default();
    let mut server =
        Server::listen(api, ("127.0.0.1", port)).map_err(|error| format!("can't listen: {error}"))?;
    server.pace = pace;
    let address = server.address().map_err(|error| error.to_string())?;
    println!(
        "http://{address} is organisation {management}; keys that it did not give are those of its management account"
    );
    server.serve();
    Ok(())
}
