using System.Text.Json.Nodes;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Cuts a text into the pieces within which a byte-level BPE merges bytes.</summary>
internal abstract class PreTokenizer
{
    /// <summary>A piece depends on no byte that is further than this behind it and the white space behind it.</summary>
    private protected const int Lookahead = 4;

    /// <summary>GPT-2's: see <see cref="Gpt2PreTokenizer"/>.</summary>
    public static PreTokenizer Gpt2 { get; } = new Gpt2Split();

    /// <summary>Whether a text can be cut at any line end that follows something that is no space.</summary>
    public virtual bool CutsAtLineEnds => false;

    /// <summary>The steps in tokenizer.json that cut as this does, the last of them the one to bytes.</summary>
    /// <param name="prefixSpace">Whether ordinary text gets a space before it.</param>
    public abstract JsonObject ToJson(bool prefixSpace);

    /// <summary>What two of them that cut alike have in common, and no others.</summary>
    public string Identity => ToJson(prefixSpace: false).ToJsonString();

    /// <summary>Writes where the pieces of a text lie.</summary>
    /// <exception cref="TextEncodingException">The text cannot be cut in time.</exception>
    public abstract void Cut(ReadOnlySpan<byte> text, List<Range> pieces);

    /// <summary>Parts of a text of about this many bytes, each of which is cut by itself as it is in the whole.</summary>
    public abstract List<Range> Segments(ReadOnlySpan<byte> text, int bytes);

    /// <summary>How much of a text that goes on has the same pieces whatever follows; 0 where more has to be seen.</summary>
    /// <param name="text">The text.</param>
    /// <param name="reserve">The bytes at its end that may belong to something else.</param>
    public abstract int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve);

    /// <summary>The step of tokenizer.json that turns text into bytes, and cuts it as GPT-2 does where it is to.</summary>
    public static JsonObject ByteLevel(bool cuts, bool prefixSpace = false) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = prefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = cuts,
    };

    /// <summary>Several steps of tokenizer.json.</summary>
    public static JsonObject Sequence(params JsonNode[] steps) => new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) };

    /// <summary>A step of tokenizer.json that cuts by a pattern.</summary>
    public static JsonObject Split(string pattern, string behavior = "Isolated") => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["behavior"] = behavior,
        ["invert"] = false,
    };

    private sealed class Gpt2Split : ScanningPreTokenizer
    {
        public override bool CutsAtLineEnds => true;

        public override int Next(ReadOnlySpan<byte> text) => Gpt2PreTokenizer.Next(text);

        public override JsonObject ToJson(bool prefixSpace) => ByteLevel(cuts: true, prefixSpace);
    }
}
