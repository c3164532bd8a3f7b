using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Pages;

/// <summary>
/// One self-contained HTML file: the chart library, the scripts and styles of Web/, the texts of a language, and the data. Its content
/// security policy forbids every request.
/// </summary>
internal static class Page
{
    private static readonly string[] s_libraries = ["vega", "vega-lite", "vega-embed"];

    /// <summary>Writes a page, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scripts">The scripts of Web/ that draw it, in their order.</param>
    /// <param name="texts">What it says.</param>
    /// <param name="content">What it shows.</param>
    /// <param name="type">How that is written.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write<T>(string path, IReadOnlyList<string> scripts, Texts texts, T content, JsonTypeInfo<T> type)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
            Directory.CreateDirectory(folder);
        using AtomicFile file = AtomicFile.CreateNamed(path);
        Write(file.Stream, scripts, texts, Data(texts, content, type, service: null));
        file.Commit();
    }

    /// <summary>A page as a service sends it.</summary>
    /// <param name="scripts">The scripts of Web/ that draw it, in their order.</param>
    /// <param name="texts">What it says.</param>
    /// <param name="content">What it shows.</param>
    /// <param name="type">How that is written.</param>
    /// <param name="service">What it is told of the request.</param>
    public static byte[] Bytes<T>(IReadOnlyList<string> scripts, Texts texts, T content, JsonTypeInfo<T> type, PageService service)
    {
        using MemoryStream bytes = new();
        Write(bytes, scripts, texts, Data(texts, content, type, service));
        return bytes.ToArray();
    }

    private static string Data<T>(Texts texts, T content, JsonTypeInfo<T> type, PageService? service)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Encoder = PageJson.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("language", texts.Language);
            json.WriteStartObject("texts");
            foreach ((string key, string text) in texts.All)
                json.WriteString(key, text);
            json.WriteEndObject();
            json.WriteStartArray("glossary");
            foreach (GlossaryRow row in Glossary.Of(texts.Language))
            {
                json.WriteStartObject();
                json.WriteStartArray("words");
                foreach (string word in row.Words)
                    json.WriteStringValue(word);
                json.WriteEndArray();
                json.WriteString("means", row.Meaning);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (service is not null)
            {
                json.WriteStartObject("service");
                json.WriteString("asked", service.Asked);
                json.WriteString("problem", service.Problem);
                json.WriteEndObject();
            }
            json.WritePropertyName("content");
            JsonSerializer.Serialize(json, content, type);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static void Write(Stream stream, IReadOnlyList<string> scripts, Texts texts, string data)
    {
        using StreamWriter html = new(stream, new UTF8Encoding(false), leaveOpen: true);
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
        foreach (string script in (string[])["page.js", "glossary.js", "charts.js", .. scripts])
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
