using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MiniGpt.Server.Endpoints;

/// <summary>/: the page to play with the model, one file that asks nobody else.</summary>
internal static class PageEndpoint
{
    private const string Policy =
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly Lazy<byte[]> s_page = new(Read);

    /// <summary>Shows the page.</summary>
    public static async Task Show(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = s_page.Value.Length;
        context.Response.Headers.ContentSecurityPolicy = new StringValues(Policy);
        context.Response.Headers["Referrer-Policy"] = new StringValues("no-referrer");
        await context.Response.Body.WriteAsync(s_page.Value, context.RequestAborted).ConfigureAwait(false);
    }

    private static byte[] Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("MiniGpt.Server.Web.index.html")
            ?? throw new InvalidOperationException("There is no embedded page.");
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
