namespace MiniGpt.Server.Http;

/// <summary>What a client is told instead of an answer: a status, and OpenAI's error object.</summary>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>The field of the request that is wrong.</summary>
    public string? Parameter { get; } = parameter;

    /// <summary>A name for programs.</summary>
    public string? Code { get; } = code;

    /// <summary>The kind of error, as OpenAI names it.</summary>
    public string Type => Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>A field has another value than was expected.</summary>
    public static ApiException Wrong(string field, string expected) => new(400, $"'{field}': {expected} expected", field, "invalid_value");

    /// <summary>A field, or a value of it, is known elsewhere and does nothing here.</summary>
    public static ApiException Unsupported(string field, string message) => new(400, message, field, "unsupported_parameter");

    /// <summary>Too many wait already.</summary>
    public static ApiException Busy() => new(429, "too many requests wait already; try again in a moment", code: "queue_full");
}
