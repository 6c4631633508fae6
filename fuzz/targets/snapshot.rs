//! Any bytes as a file of a snapshot (packed for what is packed), which is then loaded, compared, resumed and judged, and as
//! what AWS Config delivers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_snapshot::{Expected, Memory, Redactor, Store, diff, load, read_config};
use std::sync::Arc;

const RECORDS: &str = "records/111122223333/global/AWS-S3-Bucket.ndjson.gz";
const MANIFEST: &str = r#"{"format":1,"palisade":"0","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T01:00:00Z","accounts":["111122223333"],"kinds":["AWS::S3::Bucket"],"calls":1,"throttled":0}"#;
const LEDGER: &str = "{\"account\":\"111122223333\",\"kind\":\"AWS::S3::Bucket\",\"state\":\"read\",\"records\":1,\"calls\":1}\n";
const RECORD: &str = "{\"kind\":\"AWS::S3::Bucket\",\"account\":\"111122223333\",\"id\":\"a\",\"document\":{\"Name\":\"a\"},\"listed\":{\"call\":\"s3:ListBuckets\",\"time\":\"\"}}\n";

/// A gzip file that holds the bytes as they are.
fn packed(bytes: &[u8]) -> Vec<u8> {
    palisade_snapshot::packed(bytes)
}

fn snapshot() -> Memory {
    let memory = Memory::new();
    memory.put("manifest.json", MANIFEST);
    memory.put("ledger.ndjson", LEDGER);
    memory.put(RECORDS, packed(RECORD.as_bytes()));
    memory
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let (path, bytes) = match which % 7 {
        0 => ("manifest.json", bytes.to_vec()),
        1 => ("ledger.ndjson", bytes.to_vec()),
        2 => ("journal.ndjson", bytes.to_vec()),
        3 => ("organisation.json", bytes.to_vec()),
        4 => (RECORDS, bytes.to_vec()),
        5 => (RECORDS, packed(bytes)),
        _ => {
            let read = read_config(&"config.json".into(), &String::from_utf8_lossy(bytes));
            palisade_fuzz::resolved(read.resources);
            return;
        }
    };
    let memory = snapshot();
    memory.put(path, bytes);
    if let Ok(loaded) = load(&memory, &Expected::new()) {
        palisade_fuzz::resolved(loaded.resources);
    }
    let _ = diff(&snapshot(), &memory);
    let _ = Store::open(Arc::new(memory), Redactor::with_key([7; 32]));
});
