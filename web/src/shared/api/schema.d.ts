// Made from api/openapi.json by `npm run client`.
export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys that verify tokens.
         * @description A new key stands here before it signs, for twice as long as `cache-control` allows to keep the answer at least; an old one until its
         *     last token has expired.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description All keys */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeySet"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where tokens and keys are. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The metadata */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Metadata"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Search the alerts of all cameras, also of those that belong to no site because a file or another program configures them. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of these cameras. Default: of all. */
                    camera_id?: string[];
                    /** @description Captured at this time or later: RFC 3339. */
                    from?: string;
                    /** @description Captured before this time. */
                    to?: string;
                    /** @description Kinds of rules. Without it: all but crossings of lines, which are counts. */
                    kind?: components["schemas"]["AlertKind"][];
                    /** @description Only of these severities. Default: of all. */
                    severity?: components["schemas"]["Severity"][];
                    /** @description Kinds of road users. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description States of the review. */
                    state?: components["schemas"]["ReviewState"][];
                    /** @description Raised by this rule of its camera. */
                    rule_id?: string;
                    /** @description About this zone of its camera. */
                    zone_id?: string;
                    /** @description Whether it goes on. */
                    open?: boolean;
                    /** @description Whether the person who asks has seen it. A program has seen none. */
                    seen?: boolean;
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, those that were captured last first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Alert"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The alert */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Alert"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/clip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The short video around an alert, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The comments on an alert, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the oldest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Comment"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Comment on an alert, also of a camera that belongs to no site. It has 200 comments at most. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewComment"];
                };
            };
            responses: {
                /** @description The new comment */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Comment"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/comments/{comment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a comment on an alert, also of a camera that belongs to no site. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                    comment_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of an alert in the inbox, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The review */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Review"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Acknowledge an alert, dismiss it as false, or reopen it, also one of a camera that belongs to no site. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The version of the review that is changed, as an ETag: `"0"` before the first */
                    "if-match": string;
                };
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedReview"];
                };
            };
            responses: {
                /** @description The review as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Review"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/seen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Mark an alert as seen by the person who asks, also one of a camera that belongs to no site. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Marked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Mark an alert as not seen by the person who asks, also one of a camera that belongs to no site. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Marked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The picture of an alert, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was changed, at all sites and where no site is concerned. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the newest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_AuditEntry"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cameras/{camera_id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a camera shows now, also one that belongs to no site. Of such a camera nothing is known elsewhere: unless it was seen in the last ten
         *     minutes, there is none.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description What it shows */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LiveCamera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The clients for all sites. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_ApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a client for all sites. The answer shows its secret, and nothing ever shows it again. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                /** @description The new client */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeClient"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients/{client_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a client for all sites. It gets no token any more, and its tokens open nothing in the API. Other services accept them until they expire. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    client_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/first-admin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add the first person, who may do everything.
         * @description Works only while there is no person, and only with the token of the configuration.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FirstAdmin"];
                };
            };
            responses: {
                /** @description Added; log in next */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FirstAdminAdded"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys for all sites. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_ApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a key for all sites. The answer shows it, and nothing ever shows it again. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                /** @description The new key */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a key for all sites. It opens nothing from now on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What all cameras show now of which a frame was analysed in the last ten minutes, also those that belong to no site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_LiveCamera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live/feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pictures of cameras with their boxes, as they come: one WebSocket for all cameras of a page. The client sends which cameras it watches, as
         *     JSON: `{"watch": [{"camera_id": "gate", "rendition": "tile"}]}`; each message replaces the one before. Renditions are `tile`, `full`,
         *     `h264` and `none`. Binary messages have the length of a JSON head (32 bits, big-endian), the head, and the picture's bytes. `docs/api.md`
         *     describes all messages.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The connection is a WebSocket from now on */
                101: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a token with client credentials (RFC 6749, section 4.4).
         * @description Clients authenticate with `client_secret_basic` or `client_secret_post`. Errors of the request and of the client have the form of the
         *     RFC.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/x-www-form-urlencoded": components["schemas"]["TokenRequest"];
                };
            };
            responses: {
                /** @description A token */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description The request is wrong */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OAuthError"];
                    };
                };
                /** @description The client is not known */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OAuthError"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/object": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same for cameras that belong to no site. */
        get: {
            parameters: {
                query: {
                    key: string;
                    /** @description Seconds since 1970. */
                    expires: number;
                    signature: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The whole */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description The range */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OpenAPI 3.1 */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                429: components["responses"]["TooManyRequests"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is logged in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The session of the cookie */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Log in. The answer sets the cookie of the session.
         * @description A wrong name and a wrong password are not told apart. After some failures the name or the address is blocked for a while.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LogIn"];
                };
            };
            responses: {
                /** @description Logged in */
                200: {
                    headers: {
                        /** @description `__Host-vru_session` */
                        "set-cookie"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Log out. The cookie opens nothing from now on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Logged out */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change your own password. Your other sessions end.
         * @description A wrong current password counts as a failed log-in.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordChange"];
                };
            };
            responses: {
                /** @description Changed */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The identity providers, for the page on which people log in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description All */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Providers"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/{provider_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign in with an identity provider. Leads the browser there.
         * @description The provider leads it back. A cookie, good for ten minutes, ties both ends together.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Of the link that an admin has sent. */
                    invitation?: string;
                };
                header?: never;
                path: {
                    provider_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To the provider */
                303: {
                    headers: {
                        /** @description At the provider */
                        location?: string;
                        /** @description `__Host-vru_sign_in` */
                        "set-cookie"?: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/{provider_id}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The way back from an identity provider. Only providers lead here.
         * @description Who is linked, or has come by an invitation, has a session afterwards, as after a log-in with a password.
         */
        get: {
            parameters: {
                query?: {
                    state?: string;
                    code?: string;
                    /** @description In place of `code`. */
                    error?: string;
                    /** @description The issuer (RFC 9207). */
                    iss?: string;
                };
                header?: never;
                path: {
                    provider_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Signed in; to `/` */
                303: {
                    headers: {
                        /** @description `/` */
                        location?: string;
                        /** @description `__Host-vru_session` */
                        "set-cookie"?: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys that sign tokens. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description All that are published */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SigningKeys"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a key that signs tokens. Without this call, it happens by a schedule. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Rotation"];
                };
            };
            responses: {
                /** @description All that are published now */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SigningKeys"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The sites that the person belongs to, or that the key is for; for a system admin, all. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Site"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Add a site. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SiteSettings"];
                };
            };
            responses: {
                /** @description The new site */
                201: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Site"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The site */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Site"];
                    };
                };
                /** @description Still the version of If-None-Match */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Change a site: all its settings are replaced. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SiteSettings"];
                };
            };
            responses: {
                /** @description The site as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Site"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Search the alerts of the site's cameras, also of those that were deleted. With `state=new` it is the inbox. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of these cameras. Default: of all. */
                    camera_id?: string[];
                    /** @description Captured at this time or later: RFC 3339. */
                    from?: string;
                    /** @description Captured before this time. */
                    to?: string;
                    /** @description Kinds of rules. Without it: all but crossings of lines, which are counts. */
                    kind?: components["schemas"]["AlertKind"][];
                    /** @description Only of these severities. Default: of all. */
                    severity?: components["schemas"]["Severity"][];
                    /** @description Kinds of road users. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description States of the review. */
                    state?: components["schemas"]["ReviewState"][];
                    /** @description Raised by this rule of its camera. */
                    rule_id?: string;
                    /** @description About this zone of its camera. */
                    zone_id?: string;
                    /** @description Whether it goes on. */
                    open?: boolean;
                    /** @description Whether the person who asks has seen it. A program has seen none. */
                    seen?: boolean;
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, those that were captured last first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Alert"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert. To see it this way does not mark it as seen. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The alert */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Alert"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/clip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The short video around an alert: an address that is good for some minutes. The audit log tells who asked. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The comments on an alert. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the oldest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Comment"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Comment on an alert. It has 200 comments at most. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewComment"];
                };
            };
            responses: {
                /** @description The new comment */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Comment"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/comments/{comment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a comment: one's own, or as an admin of the site anybody's. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                    comment_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of an alert in the inbox. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The review */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Review"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Acknowledge an alert, dismiss it as false, or reopen it. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The version of the review that is changed, as an ETag: `"0"` before the first */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedReview"];
                };
            };
            responses: {
                /** @description The review as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Review"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/seen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Mark an alert as seen by the person who asks. To others it stays as it is. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Marked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Mark an alert as not seen by the person who asks. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Marked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/alerts/{alert_id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The picture of an alert: an address that is good for some minutes. The audit log tells who asked. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was changed at the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the newest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_AuditEntry"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/camera-tests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a camera: ingest connects to it, and says what it sends or why it cannot be seen. Ask for the result at the address in `location`
         *     every second or so. The picture of a camera that may see a public street is blurred by inference before anybody sees it.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedTest"];
                };
            };
            responses: {
                /** @description The test, which is `pending` */
                202: {
                    headers: {
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CameraTest"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/camera-tests/{test_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came of trying a camera. It ends in any case, and is kept for an hour. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    test_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The test */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CameraTest"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/camera-tests/{test_id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A picture of the camera that was tried: a JPEG of at most 1280 × 1280 pixels and 512 KiB, blurred unless it need not be. The audit log
         *     tells who asked.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    test_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The picture */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/jpeg": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The cameras of the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Camera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Add a camera. It is watched within seconds. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedCamera"];
                };
            };
            responses: {
                /** @description The new camera */
                201: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Camera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One camera. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The camera */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Camera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Change a camera: all its settings are replaced. The change is in effect within seconds. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedCamera"];
                };
            };
            responses: {
                /** @description The camera as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Camera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Delete a camera and its login. What it saw stays, and so does its history, from which it can be restored. */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is deleted */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete what a camera has seen in a range of time, for good: rows, snapshots, clips, and its rows of Parquet objects. A track that was seen
         *     in the range at all is deleted, its detections before and after it stay. From now on nothing is stored that was captured in the range.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DataRange"];
                };
            };
            responses: {
                /** @description The deletion, which begins within seconds */
                202: {
                    headers: {
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Deletion"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Export what a camera has seen in a range of time, as one tar archive: each kind of rows as NDJSON, snapshots and clips, and
         *     `manifest.json` with numbers and SHA-256. It expires after some days.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DataRange"];
                };
            };
            responses: {
                /** @description The export, which begins within seconds */
                202: {
                    headers: {
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Export"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/heat-map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where in a camera's picture road users were, and for how long.
         * @description A track counts whole, in the time in which it began; only tracks that the tracker was sure of. What a deleted camera saw stays.
         */
        get: {
            parameters: {
                query: {
                    /**
                     * @description Tracks that began at this time or later, RFC 3339; a whole quarter of an hour.
                     * @example 2026-11-02T07:00:00+01:00
                     */
                    from: string;
                    /**
                     * @description Tracks that began before this time; a whole quarter of an hour.
                     * @example 2026-11-02T09:00:00+01:00
                     */
                    to: string;
                    /** @description Kinds of road users. Default: all. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description Cells of a row (default 64). */
                    columns?: number;
                    /** @description Rows of cells (default 36). */
                    rows?: number;
                };
                header?: never;
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The heat map */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HeatMap"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a camera shows now: who is there, which zones are occupied, which alerts go on. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description What it shows, also that nothing is known of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LiveCamera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take changes back: the settings of an earlier version become the newest. The login stays as it is; a camera that was deleted has none. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag, or the number of the newest version in the history as one */
                    "if-match": string;
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Restoration"];
                };
            };
            responses: {
                /** @description The camera as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Camera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/rule-preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try rules on what the camera saw in the last hour: the same code judges that judges live, and nothing is saved or sent.
         * @description A visit that began more than five minutes before this time begins then. What is not known is said: how long the camera was watched,
         *     whether there was more than is judged at once, and how many frames an older version has stored without what rules need.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedPreview"];
                };
            };
            responses: {
                /** @description What would have been raised */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RulePreview"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/cameras/{camera_id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The history of a camera, also of one that was deleted. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                    camera_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the newest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_CameraVersion"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The clients of the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_ApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a client of the site. The answer shows its secret, and nothing ever shows it again. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                /** @description The new client */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeClient"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/clients/{client_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a client of the site. It gets no token any more, and its tokens open nothing in the API. Other services accept them until they expire. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    client_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts of lines and zones in bins.
         * @description A line counts crossings, a zone visits, of all road users whose track is confirmed, whether or not a rule names it. A visit lasts for 0.2 s
         *     at least, and another one of the same track begins after 5 s outside.
         *
         *     A line that was added at noon was not watched before noon. Counts come some seconds after the video. At most 50,000 bins.
         */
        get: {
            parameters: {
                query: {
                    /**
                     * @description Begin of the first bin, RFC 3339.
                     * @example 2026-11-02T00:00:00+01:00
                     */
                    from: string;
                    /**
                     * @description End of the last bin.
                     * @example 2026-11-03T00:00:00+01:00
                     */
                    to: string;
                    bin: components["schemas"]["BinLength"];
                    /** @description Only these cameras. Default: all cameras of the site. */
                    camera_id?: string[];
                    /** @description Only these lines, and the zones that `zone_id` names. */
                    line_id?: string[];
                    /** @description Only these zones, and the lines that `line_id` names. */
                    zone_id?: string[];
                    /** @description Only this direction, which excludes zones. */
                    direction?: components["schemas"]["CrossingDirection"];
                    /** @description Only these classes. Default: all. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description Each direction, each class, or both for itself. Default: all together. */
                    group_by?: components["schemas"]["CountGrouping"][];
                    /** @description Default: live video. */
                    video?: components["schemas"]["CountedVideo"];
                    /** @description Default: JSON, or Parquet or GeoJSON if `Accept` names it. */
                    format?: components["schemas"]["CountFormat"];
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description All series that were asked for */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Counts"];
                        "text/csv": string;
                        "application/vnd.apache.parquet": string;
                        "application/geo+json": components["schemas"]["CountFeatures"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The deletions of the site. They stay, because nothing is stored that was captured in their ranges. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Deletion"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/deletions/{deletion_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a deletion is, and what it has deleted. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    deletion_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The deletion */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Deletion"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens at a site, as it happens: `alert.raised` and `alert.ended` with the alert, `camera.state` with `live`, `silent` or `unknown`.
         *     `ready` says that from now on nothing is left out: ask for the list of alerts then. After `interrupted`, there is another `ready`, and before
         *     it the alerts that came meanwhile. A client that takes the events too slowly is disconnected.
         * @description Alerts and `ready` have ids. A request with `Last-Event-ID` gets the alerts behind that event first, from any replica, also after a restart,
         *     as long as Kafka keeps them (7 days); `gap` says that some are not kept any more, and that the list of alerts must be asked for.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The id of the last event that the client has */
                    "last-event-id"?: string | null;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Server-sent events, until the client leaves */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The exports of the site, also those that are expired. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Export"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/exports/{export_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an export is. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    export_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The export */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Export"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Stop an export, or remove its archive before it expires. It stays in the list. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    export_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The archive is removed within seconds */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/exports/{export_id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The archive of an export: an address that is good for some minutes. The audit log tells who asked. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    export_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys of the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_ApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a key of the site. The answer shows it, and nothing ever shows it again. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                /** @description The new key */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeApiKey"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a key of the site. It opens nothing from now on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    key_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the cameras of the site show now. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_LiveCamera"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who belongs to the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of the users' ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Member"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Add a user to the site. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewMember"];
                };
            };
            responses: {
                /** @description The new member */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Member"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Give a member another role. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRole"];
                };
            };
            responses: {
                /** @description Changed */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Remove a member from the site. They stay a user. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Removed */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/object": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A picture, a clip, a video or an archive itself, where the API passes them on (`s3.relay`). Its address is the answer of another call,
         *     such as the snapshot of an alert, and is good for who made that call, for some minutes. One range of bytes can be asked for.
         */
        get: {
            parameters: {
                query: {
                    key: string;
                    /** @description Seconds since 1970. */
                    expires: number;
                    signature: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The whole */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description The range */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** For how long the site keeps what. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The retention */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SiteRetention"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Change for how long the site keeps what: all of it is replaced. What is older by then is deleted within minutes, for good. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RetentionDays"];
                };
            };
            responses: {
                /** @description The retention as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SiteRetention"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/track-counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many tracks of a search began in each bin, for a time line. Of at most 1000 bins and 500,000 tracks. */
        get: {
            parameters: {
                query: {
                    /** @description Only of these cameras. Default: of all. */
                    camera_id?: string[];
                    /** @description Began at this time or later: RFC 3339. Tracks of the times from a to b and from b to c are together those from a to c. */
                    from?: string;
                    /** @description Began before this time. */
                    to?: string;
                    /** @description Kinds of road users. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description At least this share of its detections, 0 to 1, has the class of the track. */
                    min_class_share?: number;
                    /** @description Was in this zone of its camera. */
                    zone_id?: string;
                    /** @description Crossed this line of its camera. */
                    line_id?: string;
                    /** @description Crossed a line in this direction. */
                    direction?: components["schemas"]["CrossingDirection"];
                    /** @description Was seen for at least so many seconds, from the first detection to the last. */
                    min_duration_s?: number;
                    /** @description Was seen for at most so many seconds. */
                    max_duration_s?: number;
                    /** @description Also tracks of which the tracker was never sure: most are false detections. Without it they are left out. */
                    include_unconfirmed?: boolean;
                    bin: components["schemas"]["BinLength"];
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description All bins; `from` and `to` must be given, and be edges of bins */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackCounts"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/track-snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The best pictures of several tracks, for a list: addresses that are good for some minutes. The audit log has one entry, which names the
         *     tracks whose pictures were given.
         */
        get: {
            parameters: {
                query: {
                    /** @description 1 to 100 of them. */
                    track_id: string[];
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where they are */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackSnapshots"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/tracks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Search the tracks of the site's cameras, also of those that were deleted. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of these cameras. Default: of all. */
                    camera_id?: string[];
                    /** @description Began at this time or later: RFC 3339. Tracks of the times from a to b and from b to c are together those from a to c. */
                    from?: string;
                    /** @description Began before this time. */
                    to?: string;
                    /** @description Kinds of road users. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description At least this share of its detections, 0 to 1, has the class of the track. */
                    min_class_share?: number;
                    /** @description Was in this zone of its camera. */
                    zone_id?: string;
                    /** @description Crossed this line of its camera. */
                    line_id?: string;
                    /** @description Crossed a line in this direction. */
                    direction?: components["schemas"]["CrossingDirection"];
                    /** @description Was seen for at least so many seconds, from the first detection to the last. */
                    min_duration_s?: number;
                    /** @description Was seen for at most so many seconds. */
                    max_duration_s?: number;
                    /** @description Also tracks of which the tracker was never sure: most are false detections. Without it they are left out. */
                    include_unconfirmed?: boolean;
                    /** @description Default: JSON, or Parquet if `Accept` names it. */
                    format?: components["schemas"]["TrackFormat"];
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, those that began last first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Track"];
                        "application/vnd.apache.parquet": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/tracks/{track_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One track: its path, its zones and the lines that it crossed. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The track */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackDetail"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/tracks/{track_id}/detections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The detections of a track. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the earliest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Detection"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/tracks/{track_id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The best picture of a track: an address that is good for some minutes. The audit log tells who asked. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The uploads of the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Upload"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Begin an upload (tus: creation). `Upload-Metadata` may have `filename`, `start_time` (RFC 3339, of the first frame; default: now),
         *     `like_camera_id` (a camera of the site, whose zones, lines and rules apply), or `settings` (a JSON object with zones, lines, rules, output
         *     and tracker, as those of a camera). The bytes follow by `PATCH` to the address in `location`; the first of them, or all, may be the body
         *     of this request (tus: creation-with-upload). With a wrong checksum, or more bytes than announced, nothing is begun.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description `1.0.0` */
                    "tus-resumable": string;
                    /** @description Size of the file in bytes */
                    "upload-length": number;
                    /** @description Pairs of a key and a Base64 text, separated by commas */
                    "upload-metadata"?: string | null;
                    /** @description Of the body, as with `PATCH` */
                    "upload-checksum"?: string | null;
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            /** @description The first bytes */
            requestBody?: {
                content: {
                    "application/offset+octet-stream": string | null;
                };
            };
            responses: {
                /** @description It was begun */
                201: {
                    headers: {
                        /** @description Its path */
                        location?: string;
                        /** @description While bytes are missing: until when they must come */
                        "upload-expires"?: string;
                        /** @description After a body with bytes: where the next `PATCH` goes on */
                        "upload-offset"?: number;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        /** What of tus this service speaks. */
        options: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description In the headers */
                204: {
                    headers: {
                        /** @description `sha1,sha256` */
                        "tus-checksum-algorithm"?: string;
                        /** @description The extensions */
                        "tus-extension"?: string;
                        /** @description The largest file */
                        "tus-max-size"?: number;
                        /** @description `1.0.0` */
                        "tus-version"?: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/uploads/{upload_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an upload and its analysis are. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The upload */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Upload"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete an upload (tus: termination): its bytes at once, and what was found in it, with pictures, within minutes. Objects with the
         *     detections of many cameras, which the sink writes for archives, stay.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        /** How many bytes of an upload the service has (tus: core). They stay, whatever happens to the connection or to the service. */
        head: {
            parameters: {
                query?: never;
                header: {
                    /** @description `1.0.0` */
                    "tus-resumable": string;
                };
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description In the headers */
                200: {
                    headers: {
                        /** @description While bytes are missing: until when they must come */
                        "upload-expires"?: string;
                        /** @description Size of the file */
                        "upload-length"?: number;
                        /** @description As it was created with */
                        "upload-metadata"?: string;
                        /** @description Where the next `PATCH` goes on */
                        "upload-offset"?: number;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Send bytes of an upload (tus: core, checksum). What comes before the connection is lost is kept, unless `Upload-Checksum` is sent: then all
         *     bytes of the body are kept or none. One request at a time may send bytes of an upload: another one is answered with 423. A replica that
         *     stops answers with 204 and where the upload goes on, at another replica; with `Upload-Checksum`, while bytes of the body are missing, with
         *     503 and `Retry-After`.
         */
        patch: {
            parameters: {
                query?: never;
                header: {
                    /** @description `1.0.0` */
                    "tus-resumable": string;
                    /** @description As HEAD tells it */
                    "upload-offset": number;
                    /** @description `sha1` or `sha256`, a space, and the Base64 of the digest of the body */
                    "upload-checksum"?: string | null;
                };
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/offset+octet-stream": string;
                };
            };
            responses: {
                /** @description The bytes before `upload-offset` are kept: all of the body, unless this replica stops */
                204: {
                    headers: {
                        /** @description While bytes are missing: until when they must come */
                        "upload-expires"?: string;
                        /** @description Where the next `PATCH` goes on */
                        "upload-offset"?: number;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/sites/{site_id}/uploads/{upload_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop an upload or its analysis. What was found until then stays until the upload is deleted. One that has ended stays as it is. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The upload as it is now */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Upload"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/uploads/{upload_id}/frames": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was found in each frame of an upload, also in those without road users: for players that draw boxes on the pictures. */
        get: {
            parameters: {
                query?: {
                    /** @description Captured at this time or later: RFC 3339. */
                    from?: string;
                    /** @description Captured before this time. */
                    to?: string;
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the earliest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_UploadFrame"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/uploads/{upload_id}/video": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The file of an upload: an address that is good for some minutes, and serves ranges. The audit log tells who asked. Of an upload whose
         *     pictures are blurred (`privacy.blur`) there is none: the file shows everybody.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    upload_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The webhooks of the site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Webhook"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a webhook. It is told of what happens from now on; only this answer shows its secret. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedWebhook"];
                };
            };
            responses: {
                /** @description The new webhook */
                201: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookWithSecret"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One webhook: how it does stands in `state`, `last_error` and `waiting_since`. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The webhook */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Webhook"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Change a webhook: all its settings are replaced. The secret stays, and so does what waits: it is sent to the new address. A login at a
         *     broker stays if `credentials` is absent and the address names the same broker.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WantedWebhook"];
                };
            };
            responses: {
                /** @description The webhook as it is now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Webhook"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Delete a webhook and its deliveries. What waits is not sent. */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is deleted */
                    "if-match": string;
                };
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was sent to a webhook, what waits, and what was given up, with the reason. Deliveries that ended stay for some days
         *     (`webhooks.retention`).
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only those in this state. */
                    state?: "pending" | "delivered" | "dead";
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the newest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Delivery"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a dead delivery sent again, as if it were new. Later events of its camera may have been delivered before it. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    webhook_id: string;
                    delivery_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The delivery, which is pending again */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Delivery"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks/{webhook_id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook another secret. The answer shows it, and nothing ever shows it again. For a day (`webhooks.secret_overlap`) events have
         *     two signatures, one with each secret, so that the target can change over without missing any.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The webhook with its new secret */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookWithSecret"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{site_id}/webhooks/{webhook_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post an event named `test` to the webhook now, signed as others, or publish it to the broker, and tell what came of it. It is sent once, also if the webhook is not
         *     enabled, and is no delivery.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    site_id: string;
                    webhook_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description What came of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TestResult"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/system/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the system is: servers, how far consumers are behind, workers, the newest frames. What cannot be known says why. The answer is at most
         *     some seconds old.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description How it is, also if something fails */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SystemHealth"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/track-snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The best pictures of several tracks, also of cameras that belong to no site. */
        get: {
            parameters: {
                query: {
                    /** @description 1 to 100 of them. */
                    track_id: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where they are */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackSnapshots"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Search the tracks of all cameras, also of those that belong to no site because a file or another program configures them. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of these cameras. Default: of all. */
                    camera_id?: string[];
                    /** @description Began at this time or later: RFC 3339. Tracks of the times from a to b and from b to c are together those from a to c. */
                    from?: string;
                    /** @description Began before this time. */
                    to?: string;
                    /** @description Kinds of road users. */
                    class?: components["schemas"]["RoadUserClass"][];
                    /** @description At least this share of its detections, 0 to 1, has the class of the track. */
                    min_class_share?: number;
                    /** @description Was in this zone of its camera. */
                    zone_id?: string;
                    /** @description Crossed this line of its camera. */
                    line_id?: string;
                    /** @description Crossed a line in this direction. */
                    direction?: components["schemas"]["CrossingDirection"];
                    /** @description Was seen for at least so many seconds, from the first detection to the last. */
                    min_duration_s?: number;
                    /** @description Was seen for at most so many seconds. */
                    max_duration_s?: number;
                    /** @description Also tracks of which the tracker was never sure: most are false detections. Without it they are left out. */
                    include_unconfirmed?: boolean;
                    /** @description Default: JSON, or Parquet if `Accept` names it. */
                    format?: components["schemas"]["TrackFormat"];
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, those that began last first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Track"];
                        "application/vnd.apache.parquet": string;
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{track_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One track, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The track */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackDetail"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{track_id}/detections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The detections of a track, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, the earliest first */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Detection"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{track_id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The best picture of a track, also of a camera that belongs to no site. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    track_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PictureAddress"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody who may log in. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_User"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Add somebody. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewUser"];
                };
            };
            responses: {
                /** @description The new user */
                201: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        /** @description Its path */
                        location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One user. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The user */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Change a user: all these settings are replaced. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of the version that is changed */
                    "if-match": string;
                };
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UserSettings"];
                };
            };
            responses: {
                /** @description The user as they are now */
                200: {
                    headers: {
                        /** @description Its version */
                        etag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Delete a user, with their sessions and memberships. What they did stays in the audit log. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The accounts with which a user signs in. */
        get: {
            parameters: {
                query?: {
                    /** @description How many items the page has at most: 1 to 200, default 50. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One page, in the order of ids */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Page_Identity"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Link an account at an identity provider: it opens this user from now on.
         * @description Who does not know the `sub` of an account invites the person instead.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewIdentity"];
                };
            };
            responses: {
                /** @description Linked */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Identity"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/identities/{identity_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Unlink an account: it opens nothing from now on. Sessions that it began go on; disable the user to end them. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user_id: string;
                    identity_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Unlinked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invite somebody to sign in with their account at an identity provider. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Chosen by the client, new for each request. The same request with the same key is answered as before for a day, and changes nothing again. */
                    "idempotency-key"?: string;
                };
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewInvitation"];
                };
            };
            responses: {
                /** @description The link */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitation"];
                    };
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set somebody's password. Their sessions end. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPassword"];
                };
            };
            responses: {
                /** @description Set */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                429: components["responses"]["TooManyRequests"];
                /** @description The request cannot be served; `code` and `field` tell why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The service cannot serve the request now. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A rule of a camera matched a road user. A word is absent for what this version of the service does not know. */
        Alert: {
            /**
             * Format: date-time
             * @description When the situation began; absent in old alerts.
             */
            began_at?: string | null;
            box?: components["schemas"]["PictureBox"] | null;
            camera_id: string;
            /**
             * Format: date-time
             * @description Capture time of the frame in which the rule matched.
             */
            captured_at: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            clock?: components["schemas"]["Clock"] | null;
            /**
             * Format: int64
             * @description How many comments it has.
             */
            comments: number;
            direction?: components["schemas"]["CrossingDirection"] | null;
            end_reason?: components["schemas"]["EndReason"] | null;
            /**
             * Format: date-time
             * @description When the situation was seen last; absent while it goes on.
             */
            ended_at?: string | null;
            /** @description Whether a short video is made of it. That takes some seconds. */
            has_clip: boolean;
            /** @description Whether a picture is taken of it. */
            has_snapshot: boolean;
            id: string;
            kind?: components["schemas"]["AlertKind"] | null;
            /** @description Line of the camera; absent for a zone. */
            line_id?: string;
            /**
             * Format: int32
             * @description How many alerts the same tracks raised by the same rule before.
             */
            occurrence: number;
            /** @description Whether it goes on. */
            open: boolean;
            review: components["schemas"]["Review"];
            /** @description Rule of the camera. */
            rule_id: string;
            /** @description Whether the person who asks has seen it; false for a program. */
            seen: boolean;
            severity?: components["schemas"]["Severity"] | null;
            /** @description Absent if the camera belongs to no site. */
            site_id?: string | null;
            /** @description Ids of the tracks that it is about. */
            tracks: string[];
            /** @description Zone of the camera; absent for a line. */
            zone_id?: string;
        };
        /**
         * @description What kind of rule raised it.
         * @enum {string}
         */
        AlertKind: "presence" | "dwell" | "line_crossing";
        /** @description The alert as it was when the event happened. A word is absent for what this version of the service does not know. */
        AlertOfEvent: {
            /** Format: date-time */
            began_at?: string | null;
            camera_id: string;
            /**
             * Format: date-time
             * @description Capture time of the frame in which the rule matched.
             */
            captured_at: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            clock?: components["schemas"]["Clock"] | null;
            direction?: components["schemas"]["CrossingDirection"] | null;
            end_reason?: components["schemas"]["EndReason"] | null;
            /**
             * Format: date-time
             * @description When the situation was seen last; absent while it goes on.
             */
            ended_at?: string | null;
            has_clip: boolean;
            has_snapshot: boolean;
            id: string;
            kind?: components["schemas"]["AlertKind"] | null;
            /** @description Absent for a zone. */
            line_id?: string;
            /**
             * Format: int32
             * @description How many alerts the same tracks raised by the same rule before.
             */
            occurrence: number;
            rule_id: string;
            severity?: components["schemas"]["Severity"] | null;
            /** @description Ids of the tracks that it is about. */
            tracks: string[];
            /** @description Absent for a line. */
            zone_id?: string;
        };
        /** @description A key of a program, or a client that gets tokens. The key itself, and the secret of a client, are shown once, when it is made. */
        ApiKey: {
            /** Format: date-time */
            created_at: string;
            /** @description The user who made it. */
            created_by: string;
            /** Format: date-time */
            expires_at: string;
            /** @description Of a client, this is the `client_id`. */
            id: string;
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** @description The site that it is for; absent for all sites. */
            site_id?: string | null;
            /**
             * Format: date-time
             * @description The last request, to the minute; absent before the first.
             */
            used_at?: string | null;
        };
        /** @description One change, and who made it. */
        AuditEntry: {
            /**
             * @description Kind of object and verb.
             * @example site.change
             */
            action: string;
            /** Format: date-time */
            at: string;
            /** @description What changed. */
            details: unknown;
            /** Format: int64 */
            id: number;
            /** @description Which program's key. */
            key_id?: string;
            /** @description The id of what was changed. */
            object: string;
            /** @description As the log of the service has it; absent for the command line. */
            request_id?: string;
            /** @description Absent for what belongs to no site. */
            site_id?: string;
            /** @description Who; absent for a program and for the command line. */
            user_id?: string;
        };
        BestDetection: {
            /** Format: date-time */
            at: string;
            box: components["schemas"]["PictureBox"];
            /** Format: float */
            score: number;
        };
        /**
         * @description How long a bin is. Hours and days are those of the site's time zone: a day has 23 or 25 hours when the clocks change.
         * @enum {string}
         */
        BinLength: "1m" | "5m" | "15m" | "1h" | "1d";
        Camera: {
            /** Format: date-time */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            /** @description Whether it has a login. Nothing shows the login itself. */
            has_credentials: boolean;
            id: string;
            /** @description The newest change is not in effect yet: it waits for Kafka. */
            pending: boolean;
            settings: components["schemas"]["CameraSettings"];
            site_id: string;
            /** @description The upload that it shows, through which it is changed; absent for a camera. */
            upload_id?: string | null;
        };
        /** @description Where a camera is. */
        CameraLocation: {
            /**
             * Format: double
             * @description Where it looks: degrees from north, clockwise; 90 is east.
             */
            heading?: number | null;
            /**
             * Format: double
             * @description WGS 84, degrees, north positive.
             */
            latitude: number;
            /**
             * Format: double
             * @description WGS 84, degrees, east positive.
             */
            longitude: number;
        };
        /** @description What people choose about a camera. */
        CameraSettings: {
            /** @description A disabled camera is not watched. */
            enabled?: boolean;
            lines?: components["schemas"]["Line"][];
            location?: components["schemas"]["CameraLocation"] | null;
            /** @description Display name. */
            name?: string;
            output?: components["schemas"]["Output"] | null;
            privacy?: components["schemas"]["Privacy"] | null;
            pull?: components["schemas"]["Pull"] | null;
            push?: components["schemas"]["Push"] | null;
            rules?: components["schemas"]["Rule"][];
            tracker?: components["schemas"]["Tracker"] | null;
            zones?: components["schemas"]["Zone"][];
        };
        CameraTest: {
            /** @description Absent for settings that are not saved. */
            camera_id?: string | null;
            /** Format: date-time */
            created_at: string;
            failure?: components["schemas"]["TestFailure"] | null;
            /**
             * Format: date-time
             * @description When it was `done` or `failed`.
             */
            finished_at?: string | null;
            /** @description The host of ingest that tries the camera, or tried it. */
            host?: string | null;
            id: string;
            seen?: components["schemas"]["Seen"] | null;
            site_id: string;
            /** @description Why it has no picture although it is `done`: inference was to blur it, and could not. */
            snapshot_problem?: string | null;
            /**
             * Format: date-time
             * @description While it is `running`.
             */
            started_at?: string | null;
            state: components["schemas"]["TestState"];
        };
        /** @description One version of a camera. */
        CameraVersion: {
            /** Format: date-time */
            at: string;
            /** @description The camera was deleted. */
            deleted: boolean;
            /** @description Which program's key. */
            key_id?: string;
            settings: components["schemas"]["CameraSettings"];
            /** @description Who made it; absent for a program. */
            user_id?: string;
            /** Format: int64 */
            version: number;
        };
        /** @enum {string} */
        Class: "pedestrian" | "cyclist" | "motorcyclist" | "car" | "bus" | "truck";
        /** @description How many of a class. */
        ClassCount: {
            class: components["schemas"]["RoadUserClass"];
            /** Format: int32 */
            count: number;
        };
        /**
         * @description By which clock: the camera's own, when the frame arrived, or the start time of the file plus the position in it.
         * @enum {string}
         */
        Clock: "camera" | "arrival" | "file";
        Comment: components["schemas"]["WrittenBy"] & {
            /** Format: date-time */
            at: string;
            comment: string;
            id: string;
        };
        /** @description A consumer of a topic. */
        Consumer: {
            /**
             * Format: int64
             * @description How many records it has not done with. Absent if that is not known.
             */
            lag?: number | null;
            /** @description Its consumer group, or the name of the PostgreSQL sink. */
            name: string;
            topic: string;
            unknown_because?: string | null;
        };
        /** @description One bin. */
        CountBin: {
            /**
             * Format: int64
             * @description Crossings of the line, or visits of the zone. `null`: nobody looked, so it is not known; 0: somebody looked, and nobody came.
             */
            count?: number | null;
            /**
             * Format: date-time
             * @description With the offset of the site's time zone.
             */
            from: string;
            /**
             * Format: int64
             * @description How long the bin is.
             */
            seconds: number;
            /** Format: date-time */
            to: string;
            /**
             * Format: double
             * @description For how many seconds of the bin the camera was watched for this line or zone and these classes. If that is less than `seconds`, the
             *     count may be too small.
             */
            watched_seconds: number;
        };
        /** @description One bin of one line or zone. */
        CountFeature: {
            geometry?: components["schemas"]["PointGeometry"] | null;
            properties: components["schemas"]["CountProperties"];
            type: string;
        };
        /** @description Counts as a feature collection of RFC 7946. */
        CountFeatures: {
            bin: components["schemas"]["BinLength"];
            features: components["schemas"]["CountFeature"][];
            /** @description IANA name, of the site. */
            time_zone: string;
            type: string;
        };
        /** @enum {string} */
        CountFormat: "json" | "csv" | "parquet" | "geojson";
        /**
         * @description What gets a series of its own.
         * @enum {string}
         */
        CountGrouping: "direction" | "class";
        /** @description As in the JSON answer. All are there, so that a table of features has the same columns for all: what does not apply is `null`. */
        CountProperties: {
            camera_id: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            /**
             * Format: int64
             * @description `null`: nobody looked.
             */
            count?: number | null;
            direction?: components["schemas"]["CrossingDirection"] | null;
            /**
             * Format: date-time
             * @description With the offset of the site's time zone.
             */
            from: string;
            /**
             * Format: double
             * @description Where the camera looks: degrees from north, clockwise.
             */
            heading?: number | null;
            line_id?: string | null;
            position?: components["schemas"]["PositionOf"] | null;
            /** Format: int64 */
            seconds: number;
            session?: string | null;
            /** Format: date-time */
            to: string;
            /** Format: double */
            watched_seconds: number;
            zone_id?: string | null;
        };
        /** @description The bins of one line or zone, and if asked for of one direction and class. */
        CountSeries: {
            bins: components["schemas"]["CountBin"][];
            camera_id: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            direction?: components["schemas"]["CrossingDirection"] | null;
            /** @description Absent for a zone. */
            line_id?: string | null;
            /** @description The session of the file; absent for live video. */
            session?: string | null;
            /** @description Absent for a line. */
            zone_id?: string | null;
        };
        /**
         * @description Which video was counted.
         * @enum {string}
         */
        CountedVideo: "live" | "file";
        /** @description Counts in bins. */
        Counts: {
            bin: components["schemas"]["BinLength"];
            /** @description Each of them has all bins. */
            series: components["schemas"]["CountSeries"][];
            /** @description IANA name, of the site. */
            time_zone: string;
        };
        /** @description What the camera asks for, or what it must log in with when it publishes to us. */
        Credentials: {
            password: string;
            username: string;
        };
        /**
         * @description How a line was crossed, for somebody who stands at its first point and looks to its second: `in` is from the left hand to the right
         *     hand.
         * @enum {string}
         */
        CrossingDirection: "in" | "out";
        /** @description How many rows and pictures of each kind, in the range. */
        DataCounts: {
            /** Format: int64 */
            alerts: number;
            /** Format: int64 */
            clips: number;
            /** Format: int64 */
            comments: number;
            /**
             * Format: int64
             * @description Rows with the counts of a minute. After a deletion, those of quarters of an hour are made anew from what is left.
             */
            count_bins: number;
            /** Format: int64 */
            detections: number;
            /** Format: int64 */
            frames: number;
            /**
             * Format: int64
             * @description Crossings of lines and visits of zones.
             */
            passages: number;
            /**
             * Format: int64
             * @description Reviews of these alerts.
             */
            reviews: number;
            /** Format: int64 */
            snapshots: number;
            /**
             * Format: int64
             * @description Those that were seen in the range at all.
             */
            tracks: number;
            /**
             * Format: int64
             * @description Rows with the watched time of a minute.
             */
            watched_bins: number;
        };
        /** @description Of capture time, in whole minutes, at most 366 days. */
        DataRange: {
            /**
             * Format: date-time
             * @description From this moment on: RFC 3339.
             */
            from: string;
            /**
             * Format: date-time
             * @description Before this moment, which is not in the future.
             */
            to: string;
        };
        /** @description How many were deleted so far. */
        Deleted: components["schemas"]["DataCounts"] & {
            /**
             * Format: int64
             * @description Objects that had no other rows.
             */
            parquet_objects_removed: number;
            /**
             * Format: int64
             * @description Objects that hold other cameras' or other times' rows, and were written again with these alone.
             */
            parquet_objects_rewritten: number;
            /**
             * Format: int64
             * @description Rows of Parquet objects.
             */
            parquet_rows: number;
            /**
             * Format: int64
             * @description Who has seen which of these alerts.
             */
            seen_marks: number;
            /**
             * Format: int64
             * @description Events about these alerts that were sent to webhooks.
             */
            webhook_deliveries: number;
        };
        Deletion: {
            camera_id: string;
            /**
             * Format: date-time
             * @description When the state changed last.
             */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            deleted: components["schemas"]["Deleted"];
            /** Format: date-time */
            from: string;
            id: string;
            /**
             * Format: date-time
             * @description When it looks again for objects that are written late. Absent when it has looked for the last time.
             */
            looks_again_at?: string | null;
            /** @description For what it waits. */
            problem?: string | null;
            site_id: string;
            state: components["schemas"]["DeletionState"];
            /** @description What is being deleted: `rows`, `pictures` or `archives` (Parquet objects). Absent when nothing is. */
            step?: string;
            /** Format: date-time */
            to: string;
        };
        /** @enum {string} */
        DeletionState: "queued" | "running" | "done";
        /** @description An event for a webhook, and what became of it. */
        Delivery: {
            /**
             * Format: int32
             * @description How often it was sent.
             */
            attempts: number;
            /** @description What is posted. */
            body: components["schemas"]["WebhookEvent"];
            camera_id: string;
            /**
             * Format: date-time
             * @description When it was delivered or given up.
             */
            ended_at?: string | null;
            /** @description Why the last attempt failed, or why it was given up, for people. */
            error?: string | null;
            event: string;
            /** @description The same in every attempt. */
            event_id: string;
            id: string;
            /** Format: date-time */
            last_attempt_at?: string | null;
            /**
             * Format: date-time
             * @description When it is sent next, at the earliest; or, while it is sent, when another replica would take over. Absent if it waits for an earlier
             *     one of its camera.
             */
            next_attempt_at?: string | null;
            /**
             * Format: date-time
             * @description When the event was read.
             */
            queued_at: string;
            state: components["schemas"]["DeliveryState"];
            /**
             * Format: int32
             * @description The HTTP status of the last attempt, if the target answered.
             */
            status?: number | null;
        };
        /** @enum {string} */
        DeliveryState: "pending" | "delivered" | "dead";
        /** @description What the model found of a track in one frame. */
        Detection: components["schemas"]["FoundRoadUser"] & {
            /** Format: date-time */
            at: string;
            /**
             * Format: int64
             * @description Number of the frame in the session of the camera; a gap is frames that were not analysed.
             */
            sequence: number;
        };
        /** @enum {string} */
        Direction: "both" | "in" | "out";
        /**
         * @description Why an alert is false.
         * @enum {string}
         */
        DismissalReason: "nobody_there" | "other_class" | "other_place" | "allowed" | "repetition" | "test" | "other";
        /** @description Zones, lines and rules as the settings of a camera have them. They need neither the camera's source nor its login. */
        DrawnRules: {
            /** @default [] */
            lines: components["schemas"]["Line"][];
            /** @default [] */
            rules: components["schemas"]["Rule"][];
            /** @default [] */
            zones: components["schemas"]["Zone"][];
        };
        /** @description Frames that were not analysed. */
        Dropped: {
            /** Format: int64 */
            frames: number;
            reason: string;
        };
        /** @description Frames of a camera that did not reach Kafka. */
        DroppedOfCamera: {
            camera_id: string;
            /** Format: int64 */
            frames: number;
            reason: string;
        };
        Dwell: {
            classes?: components["schemas"]["Class"][];
            /** Format: double */
            cooldown_seconds?: number | null;
            /** Format: double */
            seconds: number;
            zone: string;
        };
        /** @enum {string} */
        Encoding: "jpeg" | "passthrough";
        /**
         * @description Why it is over.
         * @enum {string}
         */
        EndReason: "left" | "track_lost" | "rule_changed" | "camera_removed" | "camera_silent" | "session_ended" | "stream_ended" | "program_stopped";
        /**
         * @description What a webhook can be told of.
         * @enum {string}
         */
        EventName: "alert.raised" | "alert.ended" | "alert.acknowledged";
        Export: {
            /**
             * Format: int64
             * @description Size of the archive.
             */
            bytes?: number | null;
            camera_id: string;
            /**
             * Format: date-time
             * @description When the state changed last.
             */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When the archive is removed.
             */
            expires_at?: string | null;
            exported: components["schemas"]["Exported"];
            /** Format: date-time */
            from: string;
            id: string;
            /** @description Why it failed, or for what it waits. */
            problem?: string | null;
            /** @description Of the archive, hexadecimal. */
            sha256?: string | null;
            site_id: string;
            state: components["schemas"]["ExportState"];
            /** @description What is being written; absent when nothing is. */
            step?: string;
            /** Format: date-time */
            to: string;
        };
        /** @enum {string} */
        ExportState: "queued" | "running" | "done" | "failed" | "expired";
        /** @description How many the archive has; while it is written, of the kinds that are complete. */
        Exported: components["schemas"]["DataCounts"] & {
            /**
             * Format: int64
             * @description Pictures that alerts name and that are not stored.
             */
            missing_pictures: number;
        };
        FirstAdmin: {
            /** @description As others see the person. Default: the name. */
            display_name?: string | null;
            /** @description What the person logs in with. */
            name: string;
            /** @description 12 characters at least, 256 bytes at most. */
            password: string;
            /** @description The setting `first_admin.token`. */
            token: string;
        };
        FirstAdminAdded: {
            user_id: string;
        };
        /** @description A road user in one frame. */
        FoundRoadUser: {
            box: components["schemas"]["PictureBox"];
            class?: components["schemas"]["RoadUserClass"] | null;
            /** @description Whether the tracker was sure of the track by then. */
            confirmed: boolean;
            /**
             * Format: float
             * @description Confidence of the model, 0 to 1.
             */
            score: number;
            /** @description Zones in which it was. */
            zones: string[];
        };
        /** @description One road user in a frame. */
        FrameObject: components["schemas"]["FoundRoadUser"] & {
            /** @description Absent while it has no track. */
            track_id?: string | null;
        };
        /** @description The newest analysed frames. */
        Frames: {
            /**
             * Format: int64
             * @description Video files of which a frame was analysed in the last seconds. Files are no cameras: one that is at its end is not silent.
             */
            files: number;
            /**
             * Format: int64
             * @description Cameras of which a frame was analysed in the last seconds.
             */
            live_cameras: number;
            /**
             * Format: double
             * @description How many seconds ago the newest frame of any camera or file was analysed; absent if none is known.
             */
            newest_age_seconds?: number | null;
            /** @description Those that have been silent for the longest, 100 at most. */
            silent: components["schemas"]["SilentCamera"][];
            /**
             * Format: int64
             * @description Cameras of which one was analysed in the last ten minutes, and none in the last seconds.
             */
            silent_cameras: number;
            /** @description Why there is nothing in it. */
            unknown_because?: string | null;
        };
        /** @enum {string} */
        GrantType: "client_credentials";
        /** @description Where road users were, and for how long. */
        HeatMap: {
            /** Format: int32 */
            columns: number;
            /** Format: date-time */
            from: string;
            /** Format: int32 */
            rows: number;
            /**
             * @description How long their foot points (the middle of the bottom edge of their boxes) were in each cell of the picture, in seconds, all tracks
             *     together: a list for each row, from the top, with a number for each cell, from the left.
             */
            seconds: number[][];
            /** Format: date-time */
            to: string;
            /** @description How many tracks there are. */
            tracks: number;
            /**
             * Format: double
             * @description How long the camera was watched in this time, in seconds. If it is 0, nobody knows who was there.
             */
            watched_seconds: number;
        };
        /** @description An account at an identity provider. */
        Identity: {
            id: string;
            /** @description The provider, as its tokens say it. */
            issuer: string;
            /** Format: date-time */
            linked_at: string;
            /** @description The provider; absent if it is not configured any more. */
            provider?: string | null;
            /** @description The account, as the provider says it. */
            subject: string;
            /**
             * Format: date-time
             * @description The last sign-in; absent before the first.
             */
            used_at?: string | null;
        };
        /** @description The pods of ingest. */
        Ingest: {
            /** @description The same by camera and reason, the most first, 200 at most. */
            dropped: components["schemas"]["DroppedOfCamera"][];
            /**
             * Format: int64
             * @description Frames that the pods here have dropped before Kafka since each started, of all cameras.
             */
            dropped_frames: number;
            items: components["schemas"]["IngestPod"][];
            /** @description Why there is nothing in it. */
            unknown_because?: string | null;
        };
        /** @description A pod of ingest that has written in the last 30 seconds. */
        IngestPod: {
            /** Format: double */
            age_seconds: number;
            /** @description It has written in the last seconds. */
            alive: boolean;
            name: string;
            /** Format: date-time */
            started_at: string;
            version: string;
        };
        /** @description A link for one person. */
        Invitation: {
            /** Format: date-time */
            expires_at: string;
            /** @description Whoever opens it first and signs in at the provider is this user from then on: send it to them alone. It is not shown again. */
            link: string;
        };
        /** @description A JSON Web Key Set (RFC 7517). */
        KeySet: {
            keys: components["schemas"]["PublicKey"][];
        };
        Line: {
            id: string;
            name?: string;
            points: number[][];
        };
        LineCrossing: {
            classes?: components["schemas"]["Class"][];
            direction?: components["schemas"]["Direction"];
            line: string;
        };
        /** @description What a camera shows now. */
        LiveCamera: {
            /**
             * Format: double
             * @description How many seconds ago its newest frame was analysed. Absent if nothing is known, as is everything below.
             */
            age_seconds?: number | null;
            camera_id: string;
            frame?: components["schemas"]["LiveFrame"] | null;
            /** @description The road users in the newest frame, by class. A class that the model cannot find is not there. */
            objects?: components["schemas"]["ClassCount"][] | null;
            /** @description The alerts that go on. */
            open_alerts?: components["schemas"]["OpenAlert"][] | null;
            state: components["schemas"]["LiveState"];
            /** @description Which worker of inference has the camera. */
            worker?: string | null;
            /** @description The same for each zone of the camera. */
            zones?: components["schemas"]["ZoneOccupancy"][] | null;
        };
        /** @description The newest analysed frame. */
        LiveFrame: {
            /** Format: date-time */
            analysed_at: string;
            /** Format: date-time */
            captured_at: string;
            /** @description It is of a video file, whose time is not that of the clock. */
            file: boolean;
            /**
             * Format: double
             * @description Analysed frames a second, over the last seconds; 0 after the first one.
             */
            frames_per_second: number;
            /** Format: int32 */
            height: number;
            /**
             * Format: int64
             * @description From the capture to the end of the analysis, in milliseconds.
             */
            lag_ms: number;
            /**
             * Format: int32
             * @description Of the camera's picture, in pixels.
             */
            width: number;
        };
        /**
         * @description Whether the answer is about now.
         * @enum {string}
         */
        LiveState: "live" | "silent" | "idle" | "unknown";
        Location: {
            /**
             * Format: double
             * @description WGS 84, degrees, north positive.
             */
            latitude: number;
            /**
             * Format: double
             * @description WGS 84, degrees, east positive.
             */
            longitude: number;
        };
        LogIn: {
            name: string;
            password: string;
        };
        /** @description A key that was just made. */
        MadeApiKey: components["schemas"]["ApiKey"] & {
            /**
             * @description Send it as `Authorization: Bearer …`. It is not shown again.
             * @example vru_…
             */
            token: string;
        };
        /** @description A client that was just made. */
        MadeClient: components["schemas"]["ApiKey"] & {
            /**
             * @description With `id` as the `client_id`, it gets tokens at `POST /api/v1/oauth/token`. It is not shown again.
             * @example vrusecret_…
             */
            client_secret: string;
        };
        /** @description Somebody who belongs to the site. */
        Member: {
            display_name: string;
            /** @description What they log in with. */
            name: string;
            role: components["schemas"]["Role"];
            user_id: string;
        };
        /** @description What the authorization server can (RFC 8414). */
        Metadata: {
            grant_types_supported: string[];
            /** @description As tokens say it in `iss`. */
            issuer: string;
            jwks_uri: string;
            /** @description None: people log in elsewhere. */
            response_types_supported: string[];
            scopes_supported: string[];
            service_documentation: string;
            token_endpoint: string;
            token_endpoint_auth_methods_supported: string[];
        };
        NewComment: {
            comment: string;
        };
        NewIdentity: {
            /** @description The id of an identity provider. */
            provider: string;
            /** @description The account, as the provider says it in `sub`: no name, and no e-mail address. */
            subject: string;
        };
        NewInvitation: {
            /** @description The id of an identity provider. */
            provider: string;
        };
        NewKey: {
            /**
             * Format: date-time
             * @description From when on it opens nothing: within two years.
             */
            expires_at: string;
            /** @description What it is for. */
            name: string;
            scopes: components["schemas"]["Scope"][];
        };
        NewMember: {
            /** @description What they log in with. A system admin adds the user before. */
            name: string;
            role: components["schemas"]["Role"];
        };
        NewPassword: {
            /** @description 12 characters at least, 256 bytes at most. */
            password: string;
        };
        NewRole: {
            role: components["schemas"]["Role"];
        };
        NewUser: {
            display_name: string;
            /** @description What they log in with: 1 to 100 characters, unique without regard to upper and lower case. It does not change. */
            name: string;
            /** @description 12 characters at least, 256 bytes at most. Without one they cannot log in until one is set. */
            password?: string | null;
            system_admin?: boolean;
        };
        /** @description No token was issued. */
        OAuthError: {
            error: components["schemas"]["OAuthErrorCode"];
            /** @description For people. */
            error_description: string;
        };
        /** @enum {string} */
        OAuthErrorCode: "invalid_request" | "invalid_client" | "unsupported_grant_type" | "invalid_scope";
        /** @description An alert that goes on. */
        OpenAlert: {
            /** Format: date-time */
            began_at: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            kind?: components["schemas"]["AlertKind"] | null;
            rule_id: string;
            severity?: components["schemas"]["Severity"] | null;
            zone_id?: string;
        };
        Output: {
            /** @default jpeg */
            encoding: components["schemas"]["Encoding"];
            /**
             * Format: int32
             * @default 0
             */
            jpeg_quality: number;
            /**
             * Format: double
             * @default 0
             */
            max_fps: number;
            /**
             * Format: int32
             * @default 0
             */
            max_height: number;
            /**
             * Format: int32
             * @default 0
             */
            max_width: number;
            /** @default  */
            pipeline: string;
        };
        /** @description One page of a list. */
        Page_Alert: {
            items: {
                /**
                 * Format: date-time
                 * @description When the situation began; absent in old alerts.
                 */
                began_at?: string | null;
                box?: components["schemas"]["PictureBox"] | null;
                camera_id: string;
                /**
                 * Format: date-time
                 * @description Capture time of the frame in which the rule matched.
                 */
                captured_at: string;
                class?: components["schemas"]["RoadUserClass"] | null;
                clock?: components["schemas"]["Clock"] | null;
                /**
                 * Format: int64
                 * @description How many comments it has.
                 */
                comments: number;
                direction?: components["schemas"]["CrossingDirection"] | null;
                end_reason?: components["schemas"]["EndReason"] | null;
                /**
                 * Format: date-time
                 * @description When the situation was seen last; absent while it goes on.
                 */
                ended_at?: string | null;
                /** @description Whether a short video is made of it. That takes some seconds. */
                has_clip: boolean;
                /** @description Whether a picture is taken of it. */
                has_snapshot: boolean;
                id: string;
                kind?: components["schemas"]["AlertKind"] | null;
                /** @description Line of the camera; absent for a zone. */
                line_id?: string;
                /**
                 * Format: int32
                 * @description How many alerts the same tracks raised by the same rule before.
                 */
                occurrence: number;
                /** @description Whether it goes on. */
                open: boolean;
                review: components["schemas"]["Review"];
                /** @description Rule of the camera. */
                rule_id: string;
                /** @description Whether the person who asks has seen it; false for a program. */
                seen: boolean;
                severity?: components["schemas"]["Severity"] | null;
                /** @description Absent if the camera belongs to no site. */
                site_id?: string | null;
                /** @description Ids of the tracks that it is about. */
                tracks: string[];
                /** @description Zone of the camera; absent for a line. */
                zone_id?: string;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ApiKey: {
            items: {
                /** Format: date-time */
                created_at: string;
                /** @description The user who made it. */
                created_by: string;
                /** Format: date-time */
                expires_at: string;
                /** @description Of a client, this is the `client_id`. */
                id: string;
                name: string;
                scopes: components["schemas"]["Scope"][];
                /** @description The site that it is for; absent for all sites. */
                site_id?: string | null;
                /**
                 * Format: date-time
                 * @description The last request, to the minute; absent before the first.
                 */
                used_at?: string | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_AuditEntry: {
            items: {
                /**
                 * @description Kind of object and verb.
                 * @example site.change
                 */
                action: string;
                /** Format: date-time */
                at: string;
                /** @description What changed. */
                details: unknown;
                /** Format: int64 */
                id: number;
                /** @description Which program's key. */
                key_id?: string;
                /** @description The id of what was changed. */
                object: string;
                /** @description As the log of the service has it; absent for the command line. */
                request_id?: string;
                /** @description Absent for what belongs to no site. */
                site_id?: string;
                /** @description Who; absent for a program and for the command line. */
                user_id?: string;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Camera: {
            items: {
                /** Format: date-time */
                changed_at: string;
                /** Format: date-time */
                created_at: string;
                /** @description Whether it has a login. Nothing shows the login itself. */
                has_credentials: boolean;
                id: string;
                /** @description The newest change is not in effect yet: it waits for Kafka. */
                pending: boolean;
                settings: components["schemas"]["CameraSettings"];
                site_id: string;
                /** @description The upload that it shows, through which it is changed; absent for a camera. */
                upload_id?: string | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_CameraVersion: {
            items: {
                /** Format: date-time */
                at: string;
                /** @description The camera was deleted. */
                deleted: boolean;
                /** @description Which program's key. */
                key_id?: string;
                settings: components["schemas"]["CameraSettings"];
                /** @description Who made it; absent for a program. */
                user_id?: string;
                /** Format: int64 */
                version: number;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Comment: {
            items: (components["schemas"]["WrittenBy"] & {
                /** Format: date-time */
                at: string;
                comment: string;
                id: string;
            })[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Deletion: {
            items: {
                camera_id: string;
                /**
                 * Format: date-time
                 * @description When the state changed last.
                 */
                changed_at: string;
                /** Format: date-time */
                created_at: string;
                deleted: components["schemas"]["Deleted"];
                /** Format: date-time */
                from: string;
                id: string;
                /**
                 * Format: date-time
                 * @description When it looks again for objects that are written late. Absent when it has looked for the last time.
                 */
                looks_again_at?: string | null;
                /** @description For what it waits. */
                problem?: string | null;
                site_id: string;
                state: components["schemas"]["DeletionState"];
                /** @description What is being deleted: `rows`, `pictures` or `archives` (Parquet objects). Absent when nothing is. */
                step?: string;
                /** Format: date-time */
                to: string;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Delivery: {
            items: {
                /**
                 * Format: int32
                 * @description How often it was sent.
                 */
                attempts: number;
                /** @description What is posted. */
                body: components["schemas"]["WebhookEvent"];
                camera_id: string;
                /**
                 * Format: date-time
                 * @description When it was delivered or given up.
                 */
                ended_at?: string | null;
                /** @description Why the last attempt failed, or why it was given up, for people. */
                error?: string | null;
                event: string;
                /** @description The same in every attempt. */
                event_id: string;
                id: string;
                /** Format: date-time */
                last_attempt_at?: string | null;
                /**
                 * Format: date-time
                 * @description When it is sent next, at the earliest; or, while it is sent, when another replica would take over. Absent if it waits for an earlier
                 *     one of its camera.
                 */
                next_attempt_at?: string | null;
                /**
                 * Format: date-time
                 * @description When the event was read.
                 */
                queued_at: string;
                state: components["schemas"]["DeliveryState"];
                /**
                 * Format: int32
                 * @description The HTTP status of the last attempt, if the target answered.
                 */
                status?: number | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Detection: {
            items: (components["schemas"]["FoundRoadUser"] & {
                /** Format: date-time */
                at: string;
                /**
                 * Format: int64
                 * @description Number of the frame in the session of the camera; a gap is frames that were not analysed.
                 */
                sequence: number;
            })[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Export: {
            items: {
                /**
                 * Format: int64
                 * @description Size of the archive.
                 */
                bytes?: number | null;
                camera_id: string;
                /**
                 * Format: date-time
                 * @description When the state changed last.
                 */
                changed_at: string;
                /** Format: date-time */
                created_at: string;
                /**
                 * Format: date-time
                 * @description When the archive is removed.
                 */
                expires_at?: string | null;
                exported: components["schemas"]["Exported"];
                /** Format: date-time */
                from: string;
                id: string;
                /** @description Why it failed, or for what it waits. */
                problem?: string | null;
                /** @description Of the archive, hexadecimal. */
                sha256?: string | null;
                site_id: string;
                state: components["schemas"]["ExportState"];
                /** @description What is being written; absent when nothing is. */
                step?: string;
                /** Format: date-time */
                to: string;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Identity: {
            items: {
                id: string;
                /** @description The provider, as its tokens say it. */
                issuer: string;
                /** Format: date-time */
                linked_at: string;
                /** @description The provider; absent if it is not configured any more. */
                provider?: string | null;
                /** @description The account, as the provider says it. */
                subject: string;
                /**
                 * Format: date-time
                 * @description The last sign-in; absent before the first.
                 */
                used_at?: string | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LiveCamera: {
            items: {
                /**
                 * Format: double
                 * @description How many seconds ago its newest frame was analysed. Absent if nothing is known, as is everything below.
                 */
                age_seconds?: number | null;
                camera_id: string;
                frame?: components["schemas"]["LiveFrame"] | null;
                /** @description The road users in the newest frame, by class. A class that the model cannot find is not there. */
                objects?: components["schemas"]["ClassCount"][] | null;
                /** @description The alerts that go on. */
                open_alerts?: components["schemas"]["OpenAlert"][] | null;
                state: components["schemas"]["LiveState"];
                /** @description Which worker of inference has the camera. */
                worker?: string | null;
                /** @description The same for each zone of the camera. */
                zones?: components["schemas"]["ZoneOccupancy"][] | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Member: {
            items: {
                display_name: string;
                /** @description What they log in with. */
                name: string;
                role: components["schemas"]["Role"];
                user_id: string;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Site: {
            items: {
                /** Format: date-time */
                changed_at: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC.
                 */
                created_at: string;
                id: string;
                location?: components["schemas"]["Location"] | null;
                name: string;
                /** @description IANA name. */
                time_zone: string;
                units: components["schemas"]["Units"];
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Track: {
            items: {
                /**
                 * Format: float
                 * @description Confidence of the model in its best detection, 0 to 1.
                 */
                best_score: number;
                camera_id: string;
                class?: components["schemas"]["RoadUserClass"] | null;
                /**
                 * Format: float
                 * @description Share of the detections that did, 0 to 1.
                 */
                class_share: number;
                /** @description Whether the tracker was ever sure of it. */
                confirmed: boolean;
                /**
                 * Format: int64
                 * @description How many detections.
                 */
                detections: number;
                /**
                 * Format: double
                 * @description Seconds from the first detection to the last.
                 */
                duration_s: number;
                /**
                 * Format: date-time
                 * @description Capture time of the first detection.
                 */
                first_seen: string;
                /** @description Whether an alert took a picture of it. */
                has_snapshot: boolean;
                /**
                 * @description Of the camera, of its session, and of the track in it, with dots.
                 * @example camera_0k4.1700000000000000.4097
                 */
                id: string;
                /**
                 * Format: date-time
                 * @description Capture time of the last detection so far.
                 */
                last_seen: string;
                /**
                 * Format: double
                 * @description Pixels of the camera's own picture a second; absent for a track that was too short to measure. Cameras have no calibration, so
                 *     nothing is in metres.
                 */
                mean_speed_px_s?: number | null;
                /** @description Absent if the camera belongs to no site. */
                site_id?: string | null;
                /**
                 * Format: double
                 * @description Of the fastest second.
                 */
                top_speed_px_s?: number | null;
                /** @description Zones in which it was. */
                zones: string[];
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Upload: {
            items: {
                /**
                 * Format: int64
                 * @description Size of the file.
                 */
                bytes: number;
                /** @description The camera that shows the file: its tracks, alerts and counts are those of the file. Absent before all bytes are there. */
                camera_id?: string | null;
                /**
                 * Format: date-time
                 * @description When the state changed last.
                 */
                changed_at: string;
                /** Format: date-time */
                created_at: string;
                /** @description What is missing in its frames: it was cut off, or parts of it cannot be decoded. Absent if nothing is known to be missing. */
                damage?: string | null;
                /**
                 * Format: date-time
                 * @description While it is `receiving`: it is removed then, unless more comes.
                 */
                expires_at?: string | null;
                /**
                 * Format: int64
                 * @description How many frames are analysed and stored.
                 */
                frames: number;
                /**
                 * Format: int64
                 * @description How many frames the container announces, by its length and rate: an estimate. Absent if it does not tell, or before the first frames
                 *     are read.
                 */
                frames_estimate?: number | null;
                /**
                 * Format: int64
                 * @description How many frames the file has, with those that cannot be decoded; absent before it is `done`.
                 */
                frames_total?: number | null;
                id: string;
                name: string;
                /** @description Why it is `failed`, or for what it waits. */
                problem?: string | null;
                /**
                 * Format: double
                 * @description Which share of the state's work is done, 0 to 1: bytes while it is `receiving`, frames while it is `analysing`, there by
                 *     `frames_estimate` and below 1. Absent when nobody knows.
                 */
                progress?: number | null;
                /**
                 * Format: int64
                 * @description How many of them the service has.
                 */
                received_bytes: number;
                site_id: string;
                /**
                 * Format: date-time
                 * @description Capture time of the first frame.
                 */
                start_time: string;
                state: components["schemas"]["UploadState"];
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_UploadFrame: {
            items: {
                /**
                 * Format: date-time
                 * @description Capture time of the frame: `start_time` of the upload and `seconds`.
                 */
                at: string;
                objects: components["schemas"]["FrameObject"][];
                /**
                 * Format: double
                 * @description From the first frame of the file to this one, as a player counts, to the microsecond.
                 */
                seconds: number;
                /**
                 * Format: int64
                 * @description Number of the frame in the file; a gap is frames that cannot be decoded.
                 */
                sequence: number;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_User: {
            items: {
                /** Format: date-time */
                created_at: string;
                /** @description May not log in. */
                disabled: boolean;
                display_name: string;
                id: string;
                /** @description What they log in with. */
                name: string;
                /** @description May do everything, at every site. */
                system_admin: boolean;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Webhook: {
            items: {
                camera_ids: string[];
                /** Format: date-time */
                changed_at: string;
                /** Format: date-time */
                created_at: string;
                enabled: boolean;
                events: components["schemas"]["EventName"][];
                /**
                 * Format: date-time
                 * @description The first failed attempt since events of all cameras were accepted; absent if none fails.
                 */
                failing_since?: string | null;
                /** @description Whether it has a login at a broker. Nothing shows the login itself. */
                has_credentials: boolean;
                id: string;
                kinds: components["schemas"]["AlertKind"][];
                /**
                 * Format: date-time
                 * @description When the target accepted an event last.
                 */
                last_delivered_at?: string | null;
                /** @description Why the last attempt that failed did, for people; absent if none fails. */
                last_error?: string | null;
                name: string;
                /**
                 * Format: date-time
                 * @description Until when events are signed with the secret before the last one too.
                 */
                old_secret_until?: string | null;
                severities: components["schemas"]["Severity"][];
                site_id: string;
                state: components["schemas"]["WebhookState"];
                url: string;
                /**
                 * Format: date-time
                 * @description Since when the oldest pending delivery waits; absent if none waits.
                 */
                waiting_since?: string | null;
            }[];
            /** @description Pass it as `cursor` to get the next page. Absent on the last one. */
            next_cursor?: string | null;
        };
        PasswordChange: {
            current: string;
            /** @description 12 characters at least, 256 bytes at most. */
            new: string;
        };
        /** @description Where the road user stood: the middle of the bottom edge of its box. */
        PathPoint: {
            /** Format: date-time */
            at: string;
            /** Format: double */
            x: number;
            /** Format: double */
            y: number;
        };
        /** @description Where a picture is. */
        PictureAddress: {
            /**
             * Format: date-time
             * @description Until when it is good.
             */
            expires_at: string;
            /**
             * @description An address at the bucket's server: whoever has it can get the picture with a plain GET, without log-in or key, so do not keep it and
             *     do not pass it on. Or, where the API passes pictures on (`s3.relay`), a path of the API that needs the same log-in or key.
             */
            url: string;
        };
        /** @description A box in fractions of the picture: from its top left, 1 is its width or height. Parts of a box may be outside. */
        PictureBox: {
            /** Format: double */
            height: number;
            /** Format: double */
            left: number;
            /** Format: double */
            top: number;
            /** Format: double */
            width: number;
        };
        PointGeometry: {
            /** @description Longitude and latitude: WGS 84, degrees. */
            coordinates: number[];
            type: string;
        };
        /**
         * @description Whose position it is.
         * @enum {string}
         */
        PositionOf: "camera" | "site";
        /** @description An alert that would have been raised. */
        PreviewedAlert: {
            /**
             * Format: date-time
             * @description Capture time of the frame in which it would have been raised.
             */
            at: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            direction?: components["schemas"]["CrossingDirection"] | null;
            /** @description Whether an alert that was raised took a picture of the track: then it is at `…/tracks/{track_id}/snapshot`. */
            has_snapshot: boolean;
            kind?: components["schemas"]["AlertKind"] | null;
            rule_id: string;
            severity?: components["schemas"]["Severity"] | null;
            /**
             * @description Whom it is about.
             * @example camera_0k4.1700000000000000.4097
             */
            track_id: string;
            /**
             * Format: double
             * @description Where they stood, as a fraction of the picture's width from its left edge: the middle of the bottom edge of their box.
             */
            x: number;
            /**
             * Format: double
             * @description Of its height, from the top.
             */
            y: number;
        };
        /** @description What is done so that nobody is recognised in pictures. */
        Privacy: {
            /**
             * @description Heads and plates become coarse blocks in snapshots, and alerts have no clips.
             * @default false
             */
            blur: boolean;
        };
        /** @description An error. */
        Problem: {
            /**
             * @description What went wrong, for programs. A code keeps its meaning; later versions have more.
             * @example not_found
             */
            code: ("address_expired" | "address_refused" | "body_incomplete" | "body_too_large" | "camera_of_upload" | "cameras_in_file" | "changed_meanwhile" | "checksum_mismatch" | "data_jobs_not_configured" | "database_unavailable" | "feeds_full" | "file_too_large" | "first_admin_by_command" | "first_admin_exists" | "forbidden" | "foreign_origin" | "idempotency_key_reused" | "identity_taken" | "if_match_required" | "internal" | "invalid_field" | "invalid_parameter" | "invitation_invalid" | "key_invalid" | "last_system_admin" | "live_state_not_configured" | "live_state_unavailable" | "log_in_blocked" | "log_in_failed" | "malformed_json" | "member_already" | "method_not_allowed" | "name_taken" | "no_archive" | "no_picture" | "no_secrets_key" | "no_such_range" | "no_such_route" | "no_video" | "not_a_part" | "not_a_websocket" | "not_acceptable" | "not_dead" | "not_found" | "not_invited" | "not_json" | "not_logged_in" | "overloaded" | "picture_missing" | "pictures_not_configured" | "pictures_unavailable" | "provider_unavailable" | "quota_exceeded" | "rate_limited" | "relay_not_configured" | "rotation_pending" | "served_before" | "served_now" | "sign_in_expired" | "sign_in_failed" | "sign_in_refused" | "signed_in_twice" | "stopping" | "storage_unavailable" | "timeout" | "token_invalid" | "tokens_unavailable" | "too_many_comments" | "too_many_feeds" | "too_many_jobs" | "too_many_large_answers" | "too_many_previews" | "too_many_tests" | "too_many_uploads" | "too_many_webhooks" | "upload_cancelled" | "upload_complete" | "upload_damaged" | "upload_expired" | "upload_locked" | "upload_taken_over" | "uploads_not_configured" | "user_disabled" | "video_hidden" | "wrong_offset" | "wrong_token" | "wrong_tus_version") | string;
            /**
             * @description What went wrong, for people.
             * @example there is no such site
             */
            detail: string;
            /** @description The field of the body, or the parameter, that is wrong: `location.latitude`. */
            field?: string | null;
            /**
             * Format: int32
             * @description The status code.
             * @example 404
             */
            status: number;
            /**
             * @description The meaning of the status code.
             * @example Not Found
             */
            title: string;
        };
        /** @description An identity provider with which people sign in. */
        Provider: {
            id: string;
            /** @description As people see it. */
            name: string;
            /**
             * @description Where the browser goes: a link, no call.
             * @example /api/v1/sign-in/company
             */
            path: string;
        };
        Providers: {
            items: components["schemas"]["Provider"][];
        };
        /** @description A public key (RFC 8037). */
        PublicKey: {
            /** @example EdDSA */
            alg: string;
            /** @example Ed25519 */
            crv: string;
            /** @description Which key it is, as the header of a token says it. */
            kid: string;
            /** @example OKP */
            kty: string;
            /** @example sig */
            use: string;
            x: string;
        };
        Pull: {
            tls?: components["schemas"]["Tls"] | null;
            transport?: components["schemas"]["Transport"];
            url: string;
        };
        Push: {
            allow_anonymous?: boolean;
            path?: string;
        };
        Restoration: {
            /**
             * Format: int64
             * @description Whose settings become the newest version.
             */
            version: number;
        };
        /** @description Days. What is absent is kept as long as the service keeps it. */
        RetentionDays: {
            /**
             * Format: int32
             * @description With reviews, comments, snapshots and clips.
             * @default null
             */
            alerts: number | null;
            /**
             * Format: int32
             * @description Entries of the audit log.
             * @default null
             */
            audit: number | null;
            /**
             * Format: int32
             * @description Counts and watched time.
             * @default null
             */
            counts: number | null;
            /**
             * Format: int32
             * @description Frames and detections.
             * @default null
             */
            detections: number | null;
            /**
             * Format: int32
             * @description Snapshots and clips.
             * @default null
             */
            pictures: number | null;
            /**
             * Format: int32
             * @default null
             */
            tracks: number | null;
            /**
             * Format: int32
             * @description Files, and what was found in them, from the end of their analysis.
             * @default null
             */
            uploads: number | null;
        };
        /** @description The state of an alert in the inbox. */
        Review: components["schemas"]["WrittenBy"] & {
            /**
             * Format: date-time
             * @description When it was changed last; absent before the first change. The audit log has all changes.
             */
            changed_at?: string | null;
            /** @description What the person wrote with it. */
            note?: string;
            reason?: components["schemas"]["DismissalReason"] | null;
            state: components["schemas"]["ReviewState"];
            /**
             * Format: int64
             * @description Grows by one with each change, from 0. Who changes the review sends it as If-Match: `"0"`.
             */
            version: number;
        };
        /**
         * @description Where an alert is in the inbox.
         * @enum {string}
         */
        ReviewState: "new" | "acknowledged" | "dismissed";
        /**
         * @description What kind of road user.
         * @enum {string}
         */
        RoadUserClass: "pedestrian" | "cyclist" | "motorcyclist" | "car" | "bus" | "truck";
        /**
         * @description What a person is at a site. Each may do what the ones before may: a viewer sees, an operator acknowledges alerts and configures
         *     cameras, an admin manages the site and its people.
         * @enum {string}
         */
        Role: "viewer" | "operator" | "admin";
        Rotation: {
            /**
             * @description The new key signs at once, and all others are withdrawn with the tokens that they signed: for when a key is in wrong hands. Else it
             *     signs when every verifier knows it, and nothing is refused.
             */
            at_once: boolean;
        };
        /** @description Exactly one of the kinds must be set. */
        Rule: {
            dwell?: components["schemas"]["Dwell"] | null;
            id: string;
            line_crossing?: components["schemas"]["LineCrossing"] | null;
            severity?: components["schemas"]["Severity"];
            zone_presence?: components["schemas"]["ZonePresence"] | null;
        };
        RuleCount: {
            /** @description How many alerts it would have raised. */
            alerts: number;
            rule_id: string;
        };
        /** @description What the rules would have raised. */
        RulePreview: {
            /** @description The newest of them, at most 100, the newest first. */
            alerts: components["schemas"]["PreviewedAlert"][];
            /**
             * Format: date-time
             * @description Capture time of the first of them.
             */
            first_frame?: string | null;
            /** @description How many analysed frames were judged. If it is 0, nobody knows what would have been raised. */
            frames: number;
            /**
             * Format: date-time
             * @description The time that was asked for.
             */
            from: string;
            /**
             * Format: date-time
             * @description Capture time of the last of them.
             */
            last_frame?: string | null;
            /** @description Each rule, in the order in which they were sent. */
            rules: components["schemas"]["RuleCount"][];
            /** Format: date-time */
            to: string;
            /** @description There were more frames or road users than are judged at once; the newest were judged, from `first_frame` on. */
            truncated: boolean;
            /** @description Frames that could not be judged: an older version has stored them, without the boxes by which rules judge. */
            unjudged_frames: number;
            /**
             * Format: double
             * @description How long the camera was watched in the frames that were judged, in seconds. What happened in the rest of the time is not known.
             */
            watched_seconds: number;
        };
        /**
         * @description What a key is for.
         * @enum {string}
         */
        Scope: "sites:read" | "sites:write" | "audit:read" | "cameras:read" | "cameras:write" | "live:read" | "counts:read" | "tracks:read" | "alerts:read" | "alerts:write" | "pictures:read" | "uploads:read" | "uploads:write" | "webhooks:read" | "webhooks:write" | "system:read";
        /** @description What a camera sends. */
        Seen: {
            clock: components["schemas"]["Clock"];
            /** @description `H264`, `H265` or `JPEG`. */
            codec: string;
            /**
             * Format: double
             * @description From the start to the first picture that could be decoded.
             */
            first_picture_seconds: number;
            /**
             * Format: double
             * @description Measured for some seconds, by the times of the packets; absent if too few came.
             */
            frames_per_second?: number | null;
            /** Format: int32 */
            height: number;
            /** @description `High, level 4.1`; absent for JPEG, or if the stream does not say it. */
            profile?: string | null;
            /** @description What the camera calls its server; absent if it does not. */
            server?: string | null;
            transport: components["schemas"]["TestedTransport"];
            /**
             * Format: int32
             * @description Of the picture as a person sees it, in pixels.
             */
            width: number;
        };
        /** @description A server, as the API finds it. */
        Server: {
            /** @description What is wrong, or less good. */
            detail?: string | null;
            /**
             * Format: double
             * @description Of a replica that is used: how old its state is at most.
             */
            lag_seconds?: number | null;
            state: components["schemas"]["ServerState"];
        };
        /** @enum {string} */
        ServerState: "ok" | "failed" | "not_configured";
        /** @description The servers that the API uses. */
        Servers: {
            database: components["schemas"]["Server"];
            kafka: components["schemas"]["Server"];
            redis: components["schemas"]["Server"];
            /** @description Of the database. */
            replica: components["schemas"]["Server"];
            s3: components["schemas"]["Server"];
        };
        /** @description Who is logged in, and what they are where. */
        Session: {
            /** @description The sites that they belong to. */
            sites: components["schemas"]["SiteRole"][];
            user: components["schemas"]["SessionUser"];
        };
        SessionUser: {
            display_name: string;
            id: string;
            /** @description What they log in with. */
            name: string;
            /** @description May do everything, at every site. */
            system_admin: boolean;
        };
        /** @enum {string} */
        Severity: "info" | "warning" | "critical";
        /** @description The best picture of one track. */
        ShownTrack: {
            box?: components["schemas"]["PictureBox"] | null;
            /**
             * Format: date-time
             * @description Until when it is good.
             */
            expires_at?: string | null;
            state: components["schemas"]["SnapshotState"];
            track_id: string;
            /** @description As that of one snapshot. Present if the state is `stored`; tracks of one frame have the same address. */
            url?: string | null;
        };
        /** @description A key that is published. */
        SigningKey: {
            kid: string;
            /**
             * Format: date-time
             * @description Since when it is published.
             */
            made_at: string;
            /** @description Whether it signs now. */
            signs: boolean;
            /**
             * Format: date-time
             * @description From when on it signs, until the next one does.
             */
            signs_from: string;
        };
        SigningKeys: {
            /** @description In the order in which they sign. */
            items: components["schemas"]["SigningKey"][];
        };
        /** @description A camera of which no frame is analysed. */
        SilentCamera: {
            /** Format: double */
            age_seconds: number;
            camera_id: string;
        };
        /** @description A place with cameras. */
        Site: {
            /** Format: date-time */
            changed_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            created_at: string;
            id: string;
            location?: components["schemas"]["Location"] | null;
            name: string;
            /** @description IANA name. */
            time_zone: string;
            units: components["schemas"]["Units"];
        };
        SiteRetention: {
            /** @description What the site has chosen. */
            days: components["schemas"]["RetentionDays"];
            /** @description The most that it may choose: what the service keeps. */
            longest: components["schemas"]["RetentionDays"];
        };
        SiteRole: {
            role: components["schemas"]["Role"];
            site_id: string;
        };
        /** @description What people choose about a site. */
        SiteSettings: {
            location?: components["schemas"]["Location"] | null;
            /**
             * @description 1 to 200 characters.
             * @example North crossing
             */
            name: string;
            /**
             * @description IANA name. Days and hours of counts are those of this zone.
             * @example Europe/Berlin
             */
            time_zone: string;
            /** @description How speeds and lengths are shown. */
            units?: components["schemas"]["Units"];
        };
        /**
         * @description Whether there is a picture of a track.
         * @enum {string}
         */
        SnapshotState: "stored" | "none" | "missing" | "not_found";
        /** @description How the system is. */
        SystemHealth: {
            /** @description How far each consumer of Kafka is behind. */
            consumers: components["schemas"]["Consumer"][];
            frames: components["schemas"]["Frames"];
            ingest: components["schemas"]["Ingest"];
            servers: components["schemas"]["Servers"];
            workers: components["schemas"]["Workers"];
        };
        TestFailure: {
            /** @description For people. */
            detail: string;
            /** @description How far the connection came: `lookup`, `connect`, `tls`, `request`, `video`, `picture`. */
            phase?: string | null;
            /**
             * @description For programs: `unknown_host`, `network_not_allowed`, `no_route`, `port_closed`, `tls`, `password_missing`, `password_refused`,
             *     `unknown_path`, `unsupported_codec`, `no_video`, `timeout`, `no_ingest` and others.
             */
            reason: string;
        };
        /** @description What came of a test call. */
        TestResult: {
            /** @description The target answered with 2xx, or the broker confirmed it. */
            accepted: boolean;
            /** @description Why it was not accepted, for people. */
            error?: string | null;
            /**
             * Format: int32
             * @description Its status, if it answered by HTTP.
             */
            status?: number | null;
            /** Format: int64 */
            took_ms: number;
        };
        /** @enum {string} */
        TestState: "pending" | "running" | "done" | "failed";
        /** @enum {string} */
        TestedTransport: "tcp" | "udp";
        /** @description How the certificate of `rtsps://` is verified: one of the keys. */
        Tls: {
            ca_file: string;
        } | {
            certificate_sha256: string;
        } | {
            insecure: boolean;
        };
        /** @description A token. */
        Token: {
            /** @description Send it as `Authorization: Bearer …`. */
            access_token: string;
            /**
             * Format: int64
             * @description From now, in seconds.
             * @example 300
             */
            expires_in: number;
            /**
             * @description What it is for, separated by spaces.
             * @example tracks:read counts:read
             */
            scope: string;
            /** @example Bearer */
            token_type: string;
        };
        /** @description The client shows its `client_id` and `client_secret` here, or by `Authorization: Basic`, not both. */
        TokenRequest: {
            client_id?: string | null;
            client_secret?: string | null;
            grant_type: components["schemas"]["GrantType"];
            /**
             * @description What the token is for, separated by spaces. Without it, all that the client may.
             * @example tracks:read counts:read
             */
            scope?: string | null;
        };
        /** @description One road user as one camera saw it. A track ends without notice: `last_seen` no longer changes. */
        Track: {
            /**
             * Format: float
             * @description Confidence of the model in its best detection, 0 to 1.
             */
            best_score: number;
            camera_id: string;
            class?: components["schemas"]["RoadUserClass"] | null;
            /**
             * Format: float
             * @description Share of the detections that did, 0 to 1.
             */
            class_share: number;
            /** @description Whether the tracker was ever sure of it. */
            confirmed: boolean;
            /**
             * Format: int64
             * @description How many detections.
             */
            detections: number;
            /**
             * Format: double
             * @description Seconds from the first detection to the last.
             */
            duration_s: number;
            /**
             * Format: date-time
             * @description Capture time of the first detection.
             */
            first_seen: string;
            /** @description Whether an alert took a picture of it. */
            has_snapshot: boolean;
            /**
             * @description Of the camera, of its session, and of the track in it, with dots.
             * @example camera_0k4.1700000000000000.4097
             */
            id: string;
            /**
             * Format: date-time
             * @description Capture time of the last detection so far.
             */
            last_seen: string;
            /**
             * Format: double
             * @description Pixels of the camera's own picture a second; absent for a track that was too short to measure. Cameras have no calibration, so
             *     nothing is in metres.
             */
            mean_speed_px_s?: number | null;
            /** @description Absent if the camera belongs to no site. */
            site_id?: string | null;
            /**
             * Format: double
             * @description Of the fastest second.
             */
            top_speed_px_s?: number | null;
            /** @description Zones in which it was. */
            zones: string[];
        };
        /** @description The tracks that began in one bin. */
        TrackBin: {
            /**
             * Format: int64
             * @description `null`: nobody looked, so it is not known; 0: somebody looked, and nobody came.
             */
            count?: number | null;
            /**
             * Format: date-time
             * @description With the offset of the site's time zone.
             */
            from: string;
            /**
             * Format: int64
             * @description How long the bin is.
             */
            seconds: number;
            /** Format: date-time */
            to: string;
            /**
             * Format: double
             * @description For how many seconds of the bin one of the cameras was watched for the classes, the line and the zone that are asked for: the one that
             *     was watched for the longest.
             */
            watched_seconds: number;
        };
        /** @description How many tracks began when. */
        TrackCounts: {
            bin: components["schemas"]["BinLength"];
            /** @description All bins of the range. */
            bins: components["schemas"]["TrackBin"][];
            /** @description IANA name, of the site. */
            time_zone: string;
        };
        TrackCrossing: {
            /** Format: date-time */
            at: string;
            direction?: components["schemas"]["CrossingDirection"] | null;
            line_id: string;
        };
        /**
         * @description One track with its path. Positions are fractions of the picture, from its top left, as zones and lines of cameras are; what ends with
         *     `_px` is in pixels of the camera's own picture.
         */
        TrackDetail: components["schemas"]["Track"] & {
            /** @description Its detection with the highest score. */
            best: components["schemas"]["BestDetection"];
            /** @description Which lines it crossed, in the order of time. */
            crossings: components["schemas"]["TrackCrossing"][];
            /**
             * @description 1 to 32 of its places, among them the first and the last. Between them it moved in straight lines, as exactly as `path_error_px`
             *     says.
             */
            path: components["schemas"]["PathPoint"][];
            /**
             * Format: float
             * @description No detection is farther from the path at its time.
             */
            path_error_px: number;
            snapshot?: components["schemas"]["TrackSnapshot"] | null;
            /**
             * Format: int32
             * @description Height of the camera's own picture, in pixels.
             */
            source_height: number;
            /**
             * Format: int32
             * @description Width of the camera's own picture, in pixels.
             */
            source_width: number;
            /**
             * Format: double
             * @description How far it went.
             */
            travelled_px: number;
            /** @description When it was in which zone. */
            zone_visits: components["schemas"]["ZoneVisit"][];
        };
        /** @enum {string} */
        TrackFormat: "json" | "parquet";
        TrackSnapshot: {
            /**
             * Format: float
             * @description Confidence of the model in that picture, 0 to 1.
             */
            score?: number | null;
        };
        /** @description The best pictures of several tracks. */
        TrackSnapshots: {
            /** @description One for each track, in the order in which they were asked for. */
            items: components["schemas"]["ShownTrack"][];
        };
        Tracker: {
            /**
             * Format: float
             * @default null
             */
            appearance: number | null;
            /**
             * Format: int32
             * @default null
             */
            confirm_frames: number | null;
            /**
             * Format: float
             * @default null
             */
            confirm_score: number | null;
            /**
             * Format: float
             * @default null
             */
            confirm_seconds: number | null;
            /**
             * Format: float
             * @default null
             */
            growth: number | null;
            /**
             * Format: float
             * @default null
             */
            high_score: number | null;
            /**
             * Format: float
             * @default null
             */
            low_score: number | null;
            /**
             * Format: float
             * @default null
             */
            max_lost_seconds: number | null;
            /**
             * Format: float
             * @default null
             */
            min_overlap: number | null;
            /**
             * Format: float
             * @default null
             */
            new_track_score: number | null;
        };
        /** @enum {string} */
        Transport: "tcp" | "udp";
        /** @enum {string} */
        Units: "metric" | "imperial";
        Upload: {
            /**
             * Format: int64
             * @description Size of the file.
             */
            bytes: number;
            /** @description The camera that shows the file: its tracks, alerts and counts are those of the file. Absent before all bytes are there. */
            camera_id?: string | null;
            /**
             * Format: date-time
             * @description When the state changed last.
             */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            /** @description What is missing in its frames: it was cut off, or parts of it cannot be decoded. Absent if nothing is known to be missing. */
            damage?: string | null;
            /**
             * Format: date-time
             * @description While it is `receiving`: it is removed then, unless more comes.
             */
            expires_at?: string | null;
            /**
             * Format: int64
             * @description How many frames are analysed and stored.
             */
            frames: number;
            /**
             * Format: int64
             * @description How many frames the container announces, by its length and rate: an estimate. Absent if it does not tell, or before the first frames
             *     are read.
             */
            frames_estimate?: number | null;
            /**
             * Format: int64
             * @description How many frames the file has, with those that cannot be decoded; absent before it is `done`.
             */
            frames_total?: number | null;
            id: string;
            name: string;
            /** @description Why it is `failed`, or for what it waits. */
            problem?: string | null;
            /**
             * Format: double
             * @description Which share of the state's work is done, 0 to 1: bytes while it is `receiving`, frames while it is `analysing`, there by
             *     `frames_estimate` and below 1. Absent when nobody knows.
             */
            progress?: number | null;
            /**
             * Format: int64
             * @description How many of them the service has.
             */
            received_bytes: number;
            site_id: string;
            /**
             * Format: date-time
             * @description Capture time of the first frame.
             */
            start_time: string;
            state: components["schemas"]["UploadState"];
        };
        /** @description What was found in one frame of a video file. */
        UploadFrame: {
            /**
             * Format: date-time
             * @description Capture time of the frame: `start_time` of the upload and `seconds`.
             */
            at: string;
            objects: components["schemas"]["FrameObject"][];
            /**
             * Format: double
             * @description From the first frame of the file to this one, as a player counts, to the microsecond.
             */
            seconds: number;
            /**
             * Format: int64
             * @description Number of the frame in the file; a gap is frames that cannot be decoded.
             */
            sequence: number;
        };
        /** @enum {string} */
        UploadState: "receiving" | "checking" | "queued" | "analysing" | "done" | "failed" | "cancelled";
        /** @description Somebody who may log in. */
        User: {
            /** Format: date-time */
            created_at: string;
            /** @description May not log in. */
            disabled: boolean;
            display_name: string;
            id: string;
            /** @description What they log in with. */
            name: string;
            /** @description May do everything, at every site. */
            system_admin: boolean;
        };
        UserSettings: {
            /** @description They may not log in, and their sessions end. */
            disabled: boolean;
            display_name: string;
            system_admin: boolean;
        };
        /** @description The settings and the login of a camera that is added or changed. */
        WantedCamera: {
            credentials?: components["schemas"]["Credentials"] | null;
            settings: components["schemas"]["CameraSettings"];
        };
        /** @description Zones, lines and rules that are tried. */
        WantedPreview: {
            /** @description As for a change of the camera. Nothing is saved, and neither the address nor the login of the camera is needed. */
            drawn: components["schemas"]["DrawnRules"];
            /**
             * Format: int32
             * @description How far back (default 60).
             */
            minutes?: number | null;
        };
        /** @description A comment on an alert. */
        WantedReview: {
            /** @description Needed with the reason `other`. */
            note?: string;
            reason?: components["schemas"]["DismissalReason"] | null;
            state: components["schemas"]["ReviewState"];
        };
        /** @description Which camera to try: either one of the site, or settings that are not saved. */
        WantedTest: {
            /** @description A camera of the site, with the login that it has. */
            camera_id?: string | null;
            credentials?: components["schemas"]["Credentials"] | null;
            settings?: components["schemas"]["CameraSettings"] | null;
        };
        /** @description A webhook that is made or changed. */
        WantedWebhook: {
            /** @description Alerts of which cameras of the site. Absent or empty: all. */
            camera_ids?: string[];
            credentials?: components["schemas"]["Credentials"] | null;
            /**
             * @description If false, nothing is sent, and events wait: for a day at most.
             * @default true
             */
            enabled: boolean;
            /** @description Absent: all. */
            events?: components["schemas"]["EventName"][];
            /** @description Alerts of which kinds. Absent: all but line crossings, which can be many. */
            kinds?: components["schemas"]["AlertKind"][];
            /** @description What it is for. */
            name: string;
            /** @description Alerts of which severities. Absent or empty: all. */
            severities?: components["schemas"]["Severity"][];
            /**
             * @description Where events are posted to: `https://…`, or the MQTT broker to which they are published: `mqtts://HOST:PORT/PREFIX`, where topics
             *     begin with the prefix, or with `vru`. Of the public internet unless the operator of the service allows more.
             */
            url: string;
        };
        /** @description An address that is told of alerts of the site. */
        Webhook: {
            camera_ids: string[];
            /** Format: date-time */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            enabled: boolean;
            events: components["schemas"]["EventName"][];
            /**
             * Format: date-time
             * @description The first failed attempt since events of all cameras were accepted; absent if none fails.
             */
            failing_since?: string | null;
            /** @description Whether it has a login at a broker. Nothing shows the login itself. */
            has_credentials: boolean;
            id: string;
            kinds: components["schemas"]["AlertKind"][];
            /**
             * Format: date-time
             * @description When the target accepted an event last.
             */
            last_delivered_at?: string | null;
            /** @description Why the last attempt that failed did, for people; absent if none fails. */
            last_error?: string | null;
            name: string;
            /**
             * Format: date-time
             * @description Until when events are signed with the secret before the last one too.
             */
            old_secret_until?: string | null;
            severities: components["schemas"]["Severity"][];
            site_id: string;
            state: components["schemas"]["WebhookState"];
            url: string;
            /**
             * Format: date-time
             * @description Since when the oldest pending delivery waits; absent if none waits.
             */
            waiting_since?: string | null;
        };
        /** @description What is posted to a webhook. The header `vru-signature` proves that it is ours. */
        WebhookEvent: {
            alert?: components["schemas"]["AlertOfEvent"] | null;
            /**
             * Format: date-time
             * @description When it happened.
             */
            at: string;
            /** @description Absent in a test. */
            camera_id?: string | null;
            /** @description `alert.raised`, `alert.ended`, `alert.acknowledged`, or `test`. Also in the header `vru-event`. */
            event: string;
            /** @description The same in every attempt: a target that keeps it recognises what comes twice. Also in the header `vru-event-id`. */
            id: string;
            site_id: string;
        };
        /**
         * @description How a webhook does.
         * @enum {string}
         */
        WebhookState: "idle" | "delivering" | "failing" | "paused";
        /** @description A webhook with a secret that was just made. */
        WebhookWithSecret: components["schemas"]["Webhook"] & {
            /**
             * @description The key of the signatures, all of it. It is not shown again.
             * @example vruhook_…
             */
            secret: string;
        };
        /** @description A worker of inference that has written in the last 30 seconds. */
        Worker: {
            /** Format: double */
            age_seconds: number;
            /** @description It has written in the last seconds. */
            alive: boolean;
            /**
             * Format: int64
             * @description Cameras of which it has analysed a frame within the last minute.
             */
            cameras: number;
            name: string;
            /** Format: date-time */
            started_at: string;
            version: string;
        };
        /** @description The workers of inference. */
        Workers: {
            /** @description Frames that the workers here have not analysed since each started, by reason. */
            dropped_frames: components["schemas"]["Dropped"][];
            items: components["schemas"]["Worker"][];
            /** @description Why there is nothing in it. */
            unknown_because?: string | null;
        };
        /** @description Who wrote something: a person or a program's key. */
        WrittenBy: {
            key_id?: string;
            user_id?: string;
            /** @description As others see the person; absent if there is none, or no more. */
            user_name?: string | null;
        };
        Zone: {
            id: string;
            name?: string;
            polygon: number[][];
        };
        /** @description Who is in a zone. */
        ZoneOccupancy: {
            objects: components["schemas"]["ClassCount"][];
            zone_id: string;
        };
        ZonePresence: {
            classes?: components["schemas"]["Class"][];
            /** Format: double */
            cooldown_seconds?: number | null;
            /**
             * Format: int32
             * @description From before `min_seconds`.
             */
            min_frames?: number;
            /** Format: double */
            min_seconds?: number | null;
            zone: string;
        };
        ZoneVisit: {
            /**
             * Format: int64
             * @description How many detections were inside.
             */
            detections: number;
            /**
             * Format: date-time
             * @description Of the first detection inside.
             */
            first_inside: string;
            /**
             * Format: date-time
             * @description Of the last detection inside. It may have left in between.
             */
            last_inside: string;
            zone_id: string;
        };
    };
    responses: {
        /** @description Too many requests of this caller, or attempts to log in; they are served again after `retry-after`. */
        TooManyRequests: {
            headers: {
                /** @description How many requests are served at once. Each answer to a request that was counted has these headers. */
                "ratelimit-limit"?: number;
                /** @description How many of them are left. */
                "ratelimit-remaining"?: number;
                /** @description Until all of them are left, in seconds. */
                "ratelimit-reset"?: number;
                /** @description Until a request is served again, in seconds. */
                "retry-after"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
