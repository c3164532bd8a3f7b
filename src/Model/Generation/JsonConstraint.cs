using System.Numerics;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>Lets a text become a JSON object and nothing else: tokens that none could go on with are never drawn.</summary>
/// <param name="tokenizer">Whose ids these are.</param>
internal sealed class JsonConstraint(ITokenizer tokenizer)
{
    private JsonText _text;

    /// <summary>Whether the object is complete.</summary>
    public bool IsComplete => _text.IsComplete;

    /// <summary>Logits of which those of tokens that cannot come are minus infinity.</summary>
    /// <param name="logits">[V].</param>
    /// <exception cref="ArgumentException">No token can come: the vocabulary lacks what JSON needs here.</exception>
    public ReadOnlySpan<T> Allowed<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] allowed = new T[logits.Length];
        bool any = false;
        for (int id = 0; id < logits.Length; id++)
        {
            JsonText next = _text;
            ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
            bool isAllowed = bytes.Length > 0 && next.TryAppend(bytes);
            allowed[id] = isAllowed ? logits[id] : T.NegativeInfinity;
            any |= isAllowed;
        }

        Require.That(any, $"the model's vocabulary has no token with which JSON could go on");
        return allowed;
    }

    /// <summary>Takes the token that was drawn.</summary>
    public void Append(int id) => _text.TryAppend(tokenizer.TokenBytes(id));
}
