using System.Text;
using MiniGpt.Model.Data;

namespace MiniGpt.Tests.Model.Data;

/// <summary>What the parts of a text say.</summary>
internal static class TextRanges
{
    /// <summary>The text of one part.</summary>
    public static string Text(TextRange range) => Encoding.UTF8.GetString(File.ReadAllBytes(range.Path).AsSpan()[(int)range.Start..(int)range.End]);
}
