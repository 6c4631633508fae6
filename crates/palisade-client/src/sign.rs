//! Signs requests: Signature Version 4, from the official crate.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use palisade_aws::{CallFailure, Endpoint, FailureKind, HttpRequest, Operation, Service};
use std::time::SystemTime;

/// How a request is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The service in the signature.
    pub service: String,
    /// The region in the signature.
    pub region: String,
    /// Whether the path is encoded once more; S3 does not want that, and wants the body's digest in a header.
    pub is_encoded_twice: bool,
    /// Whether the signature leaves the body out.
    pub has_unsigned_body: bool,
}

impl Signer {
    /// How this call is signed; none for a call that takes no signature. A signature of another kind is refused.
    pub fn of(
        service: &Service,
        operation: &Operation,
        endpoint: &Endpoint,
    ) -> Result<Option<Self>, CallFailure> {
        let refused = |what: &str| {
            let message =
                format!("`{}.{}` takes {what}, which this client can't make", service.name, operation.name);
            CallFailure::of(FailureKind::Refused, "signature", message)
        };
        if operation.is_unsigned || endpoint.signing == "none" {
            return Ok(None);
        }
        match endpoint.signing.as_str() {
            "sigv4" => {}
            "sigv4a" => return Err(refused("a signature of version 4A")),
            "sigv4-s3express" => return Err(refused("a session of S3 Express")),
            other => return Err(refused(&format!("a signature of the kind `{other}`"))),
        }
        match service.signature.as_str() {
            "v2" => return Err(refused("a signature of version 2")),
            "bearer" | "smithy.api#httpBearerAuth" => return Err(refused("a bearer token")),
            _ => {}
        }
        Ok(Some(Self {
            service: endpoint.signing_name.clone(),
            region: endpoint.signing_region.clone(),
            is_encoded_twice: endpoint.is_encoded_twice,
            has_unsigned_body: operation.has_unsigned_body && endpoint.url.starts_with("https:"),
        }))
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.is_encoded_twice {
            settings.percent_encoding_mode = PercentEncodingMode::Double;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
        } else {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        settings
    }
}

/// The request with its signature, made at that time.
pub fn signed(
    mut request: HttpRequest,
    signer: &Signer,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<HttpRequest, CallFailure> {
    let refused = |why: String| {
        CallFailure::of(FailureKind::Refused, "signature", format!("the request can't be signed: {why}"))
    };
    let identity: Identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&signer.region)
        .name(&signer.service)
        .time(time)
        .settings(signer.settings())
        .build()
        .map_err(|error| refused(error.to_string()))?
        .into();
    let url = request.url();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = match signer.has_unsigned_body {
        true => SignableBody::UnsignedPayload,
        false => SignableBody::Bytes(&request.body),
    };
    let signable = SignableRequest::new(&request.method, url.as_str(), headers, body)
        .map_err(|error| refused(error.to_string()))?;
    let (made, _) = sign(signable, &parameters).map_err(|error| refused(error.to_string()))?.into_parts();
    let (made, _) = made.into_parts();
    request.headers.extend(made.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
    Ok(request)
}
