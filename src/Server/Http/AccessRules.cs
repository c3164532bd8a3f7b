using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MiniGpt.Server.Http;

/// <summary>
/// Who is let in: those with a key, where there are keys; and from a browser only the service's own page and the origins that were named, so
/// that no other page can use a model that its reader has at home.
/// </summary>
internal sealed class AccessRules(ServerOptions options)
{
    private const string Scheme = "Bearer ";

    // Hashes are of one length: how long a comparison takes says nothing about a key.
    private readonly byte[][] _keys = [.. options.ApiKeys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];

    /// <summary>Checks a request.</summary>
    /// <param name="context">The request; its answer gets the headers that a browser asks for.</param>
    /// <param name="isOpen">Whether everybody may ask for this.</param>
    /// <exception cref="ApiException">It is not let in.</exception>
    public void Check(HttpContext context, bool isOpen)
    {
        CheckHost(context.Request);
        CheckOrigin(context);
        if (!isOpen && _keys.Length > 0 && !HasKey(context.Request))
            throw new ApiException(401, "an API key expected, as 'Authorization: Bearer KEY'", code: "invalid_api_key");
    }

    /// <summary>A name that leads here by somebody else's doing (DNS rebinding) is none that this machine is called by itself.</summary>
    private void CheckHost(HttpRequest request)
    {
        if (!IPAddress.IsLoopback(options.Address))
            return;
        string host = request.Host.Host.Trim('[', ']');
        bool isOwn = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address);
        if (!isOwn)
            throw new ApiException(403, "this service answers to localhost alone", code: "wrong_host");
    }

    private void CheckOrigin(HttpContext context)
    {
        if (context.Request.Headers.Origin is not [{ Length: > 0 } origin, ..])
            return;
        bool isOwn = Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Authority == context.Request.Host.Value;
        bool isNamed = options.Origins.Contains("*") || options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase);
        if (!isOwn && !isNamed)
            throw new ApiException(403, "pages of this origin may not ask here", code: "wrong_origin");
        if (!isNamed)
            return;
        context.Response.Headers.AccessControlAllowOrigin = new StringValues(origin);
        context.Response.Headers.Vary = new StringValues("Origin");
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.Headers.AccessControlAllowMethods = new StringValues("GET, POST");
            context.Response.Headers.AccessControlAllowHeaders = new StringValues("authorization, content-type, x-api-key");
            context.Response.Headers.AccessControlMaxAge = new StringValues("600");
        }
    }

    private bool HasKey(HttpRequest request)
    {
        string given = request.Headers.Authorization is [{ } value, ..] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? value[Scheme.Length..].Trim()
            : request.Headers["X-Api-Key"].ToString();
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(given));
        bool found = false;
        foreach (byte[] key in _keys)
            found |= CryptographicOperations.FixedTimeEquals(key, hash); // all of them, whichever it is
        return found;
    }
}
