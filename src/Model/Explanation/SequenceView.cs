using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Explanation;

/// <summary>A token of a text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Bytes">Its bytes, in hexadecimal.</param>
public sealed record TokenView(int Id, string Bytes);

/// <summary>A text as the model sees it: its tokens, and how they look at each other.</summary>
/// <param name="Tokens">How it was cut, with what stands round it.</param>
/// <param name="Segments">The kind of text of each token; none where the model knows no kinds.</param>
/// <param name="Attention">Who looks at whom.</param>
public sealed record SequenceView(TokenView[] Tokens, int[] Segments, AttentionView Attention)
{
    internal static SequenceView Of(ITokenizer tokenizer, IReadOnlyList<int> ids, int[] segments, AttentionView attention) =>
        new([.. ids.Select(id => new TokenView(id, BytesOf(tokenizer, id)))], segments, attention);

    /// <summary>A model may have more tokens than its tokenizer.</summary>
    private static string BytesOf(ITokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? string.Join(' ', tokenizer.TokenBytes(id).ToArray().Select(value => $"{value:X2}")) : "";
}
