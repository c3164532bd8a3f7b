using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Pages;

/// <summary>
/// One self-contained HTML file: the chart library, the scripts and styles of Web/, the texts of a language, and the data. Its content
/// security policy forbids every request.
/// </summary>
internal static class Page
{
    private static readonly string[] s_libraries = ["vega", "vega-lite", "vega-embed"];

    // The encoder keeps letters of every script as they are, and writes <, > and & as escapes: no text can end the element.
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Writes a page, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scripts">The scripts of Web/ that draw it, in their order.</param>
    /// <param name="texts">What it says.</param>
    /// <param name="content">What it shows.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<string> scripts, Texts texts, object content)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
            Directory.CreateDirectory(folder);
        using AtomicFile file = AtomicFile.CreateNamed(path);
        using (StreamWriter html = new(file.Stream, new UTF8Encoding(false), leaveOpen: true))
            Write(html, scripts, texts, content);
        file.Commit();
    }

    private static void Write(TextWriter html, IReadOnlyList<string> scripts, Texts texts, object content)
    {
        string data = JsonSerializer.Serialize(new { language = texts.Language, texts = texts.All, content }, s_json);
        html.Write($"""
            <!doctype html>
            <html lang="{texts.Language}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:">
            <link rel="icon" href="data:,">
            <title>MiniGpt</title>
            <style>
            {Resource("Web.page.css")}</style>
            </head>
            <body>
            <script type="application/json" id="data">{data}</script>

            """);
        foreach (string library in s_libraries)
            html.Write($"<!--\n{Resource($"Vendor.{library}.LICENSE")}-->\n<script>{Unpacked($"Vendor.{library}.min.js.gz")}</script>\n");
        foreach (string script in (string[])["page.js", "charts.js", .. scripts])
            html.Write($"<script>\n{Resource($"Web.{script}")}</script>\n");
        html.Write("</body>\n</html>\n");
    }

    /// <summary>The text of an embedded file.</summary>
    internal static string Resource(string name)
    {
        using StreamReader reader = new(Open(name));
        return reader.ReadToEnd();
    }

    private static string Unpacked(string name)
    {
        using StreamReader reader = new(new GZipStream(Open(name), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    private static Stream Open(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream($"MiniGpt.Cli.Pages.{name}")
        ?? throw new InvalidOperationException($"There is no embedded file {name}.");
}
