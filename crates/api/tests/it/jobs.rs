//! Jobs: their life, and what the public sees of it.

use testkit::{Platform, samples};

#[tokio::test]
async fn a_job_is_written_down_and_read() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs", "write:jobs"]).await;

    let id = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();

    assert_eq!(mara.get(&format!("/v1/jobs/{id}")).await.is(200).id(), id);
}
