//! The codes of errors. A code keeps its meaning; a new one is added here, and the web app has words for each in every language.

use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};

macro_rules! codes {
    ($($code:ident = $text:literal,)+) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($code,)+
        }

        impl Code {
            const ALL: &'static [Self] = &[$(Self::$code,)+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)+
                }
            }
        }
    };
}

codes! {
    AddressExpired = "address_expired",
    AddressRefused = "address_refused",
    BodyIncomplete = "body_incomplete",
    BodyTooLarge = "body_too_large",
    CameraOfUpload = "camera_of_upload",
    CamerasInFile = "cameras_in_file",
    ChangedMeanwhile = "changed_meanwhile",
    ChecksumMismatch = "checksum_mismatch",
    DataJobsNotConfigured = "data_jobs_not_configured",
    DatabaseUnavailable = "database_unavailable",
    FeedsFull = "feeds_full",
    FileTooLarge = "file_too_large",
    FirstAdminByCommand = "first_admin_by_command",
    FirstAdminExists = "first_admin_exists",
    Forbidden = "forbidden",
    ForeignOrigin = "foreign_origin",
    IdempotencyKeyReused = "idempotency_key_reused",
    IdentityTaken = "identity_taken",
    IfMatchRequired = "if_match_required",
    Internal = "internal",
    InvalidField = "invalid_field",
    InvalidParameter = "invalid_parameter",
    InvitationInvalid = "invitation_invalid",
    KeyInvalid = "key_invalid",
    LastSystemAdmin = "last_system_admin",
    LiveStateNotConfigured = "live_state_not_configured",
    LiveStateUnavailable = "live_state_unavailable",
    LogInBlocked = "log_in_blocked",
    LogInFailed = "log_in_failed",
    MalformedJson = "malformed_json",
    MemberAlready = "member_already",
    MethodNotAllowed = "method_not_allowed",
    NameTaken = "name_taken",
    NoArchive = "no_archive",
    NoPicture = "no_picture",
    NoSecretsKey = "no_secrets_key",
    NoSuchRange = "no_such_range",
    NoSuchRoute = "no_such_route",
    NoVideo = "no_video",
    NotAPart = "not_a_part",
    NotAWebsocket = "not_a_websocket",
    NotAcceptable = "not_acceptable",
    NotDead = "not_dead",
    NotFound = "not_found",
    NotInvited = "not_invited",
    NotJson = "not_json",
    NotLoggedIn = "not_logged_in",
    Overloaded = "overloaded",
    PictureMissing = "picture_missing",
    PicturesNotConfigured = "pictures_not_configured",
    PicturesUnavailable = "pictures_unavailable",
    ProviderUnavailable = "provider_unavailable",
    QuotaExceeded = "quota_exceeded",
    RateLimited = "rate_limited",
    RelayNotConfigured = "relay_not_configured",
    RotationPending = "rotation_pending",
    ServedBefore = "served_before",
    ServedNow = "served_now",
    SignInExpired = "sign_in_expired",
    SignInFailed = "sign_in_failed",
    SignInRefused = "sign_in_refused",
    SignedInTwice = "signed_in_twice",
    Stopping = "stopping",
    StorageUnavailable = "storage_unavailable",
    Timeout = "timeout",
    TokenInvalid = "token_invalid",
    TokensUnavailable = "tokens_unavailable",
    TooManyComments = "too_many_comments",
    TooManyFeeds = "too_many_feeds",
    TooManyJobs = "too_many_jobs",
    TooManyLargeAnswers = "too_many_large_answers",
    TooManyPreviews = "too_many_previews",
    TooManyTests = "too_many_tests",
    TooManyUploads = "too_many_uploads",
    TooManyWebhooks = "too_many_webhooks",
    UploadCancelled = "upload_cancelled",
    UploadComplete = "upload_complete",
    UploadDamaged = "upload_damaged",
    UploadExpired = "upload_expired",
    UploadLocked = "upload_locked",
    UploadTakenOver = "upload_taken_over",
    UploadsNotConfigured = "uploads_not_configured",
    UserDisabled = "user_disabled",
    VideoHidden = "video_hidden",
    WrongOffset = "wrong_offset",
    WrongToken = "wrong_token",
    WrongTusVersion = "wrong_tus_version",
}

/// Of the document: the codes of this version. A client must expect others, which is why any text is allowed, too.
pub(super) fn schema() -> AnyOfBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    AnyOfBuilder::new()
        .item(text().enum_values(Some(Code::ALL.iter().map(|code| code.as_str()))))
        .item(text())
        .description(Some("What went wrong, for programs. A code keeps its meaning; later versions have more."))
        .examples([Code::NotFound.as_str()])
}
