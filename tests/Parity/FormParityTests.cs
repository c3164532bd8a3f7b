using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>Files of other forms that other programs wrote (Forms/make.mjs), against those that are read and written here.</summary>
public sealed class FormParityTests : IDisposable
{
    private static readonly string s_folder = Fixtures.File("gpt2-tiny");

    private readonly TemporaryFolder _written = new();

    [Theory]
    [InlineData("gpt2-tiny.f32.gguf")]
    [InlineData("gpt2-tiny.bin")]
    public void A_file_of_another_program_is_the_model_number_for_number(string name)
    {
        Decoder<float> expected = ModelFile.Load<float>(s_folder).Model, found = ModelFile.Load<float>(Fixtures.File("forms", name)).Model;
        Assert.Equal(expected.Parameters.Values.Span, found.Parameters.Values.Span);
        Assert.Equal((expected.Config.Attention.Heads, expected.Config.Context, true), (found.Config.Attention.Heads, found.Config.Context, found.Config.IsTied));
    }

    [Theory]
    [InlineData("gpt2-tiny.f32.gguf", StoredType.F32)]
    [InlineData("gpt2-tiny.q8_0.gguf", StoredType.Q8_0)]
    public void A_GGUF_file_has_the_tensors_of_another_program_byte_for_byte(string name, StoredType type)
    {
        ModelFile.Save(_written.File(name), ModelFile.Load<float>(s_folder).Model, type: type);
        using TensorBytes expected = new(Fixtures.File("forms", name)), found = new(_written.File(name));
        // The other program repeats the embedding as output matrix, which comes last; readers take the embedding where there is none.
        Assert.Equal((29, "output.weight"), (expected.Tensors.Count, expected.Tensors[^1].Name));
        Assert.Equal(
            expected.Tensors.SkipLast(1).Select(tensor => (tensor.Name, tensor.Type)), found.Tensors.Select(tensor => (tensor.Name, tensor.Type)));
        for (int i = 0; i < found.Tensors.Count; i++)
        {
            Assert.Equal(expected.Tensors[i].Shape, found.Tensors[i].Shape);
            Assert.Equal(expected.Of(i), found.Of(i));
        }
    }

    [Fact]
    public void A_model_of_llm_c_is_the_file_of_another_program()
    {
        ModelFile.Save(_written.File("model.bin"), ModelFile.Load<float>(s_folder).Model);
        Assert.Equal(File.ReadAllBytes(Fixtures.File("forms", "gpt2-tiny.bin")), File.ReadAllBytes(_written.File("model.bin")));
    }

    public void Dispose() => _written.Dispose();

    /// <summary>The bytes of a GGUF file's tensors: its data ends with the file.</summary>
    private sealed class TensorBytes(string path) : IDisposable
    {
        private readonly ModelFile _model = ModelFile.Open(path);
        private readonly byte[] _file = File.ReadAllBytes(path);

        public IReadOnlyList<StoredTensor> Tensors => _model.Tensors;

        public byte[] Of(int index)
        {
            int dataStart = _file.Length - (int)((Tensors[^1].End + 31) / 32 * 32);
            return _file[(dataStart + (int)Tensors[index].Begin)..(dataStart + (int)Tensors[index].End)];
        }

        public void Dispose() => _model.Dispose();
    }
}
